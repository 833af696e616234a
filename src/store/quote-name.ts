/** A name as SQL text takes it, whatever it is made of. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`
