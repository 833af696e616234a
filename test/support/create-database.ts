import postgres from 'postgres'

/** Makes an empty database of this name in a cluster, and answers its address. */
export const createDatabase = async (clusterUrl: string, name: string): Promise<string> => {
  const sql = postgres(clusterUrl, { max: 1, onnotice: () => {} })
  await sql.unsafe(`create database ${name}`)
  await sql.end()
  const url = new URL(clusterUrl)
  url.pathname = `/${name}`
  return url.href
}
