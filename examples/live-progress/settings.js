/** Of your project: Settings, API. The key is the public one: what it may read is what the policies say. */
export const SUPABASE_URL = 'https://your-project.supabase.co'
export const SUPABASE_KEY = 'your-publishable-key'
