/**
 * A source's crawler moves `updated_at` and every `*_updated_at` without any change to the car: such members of a record are
 * volatile, and left out wherever it is asked whether it has changed.
 */
export const VOLATILE = 'updated_at'

/** Whether a member of this name is volatile. */
export const isVolatile = (key: string): boolean => key === VOLATILE || key.endsWith(`_${VOLATILE}`)
