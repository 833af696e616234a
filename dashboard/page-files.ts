/** The files of the page, served as they lie there: no build step, nothing from another machine. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SyncError } from '../src/node.ts'

export type PageFile = { type: string; body: Uint8Array<ArrayBuffer> }

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** They lie beside this file, and beside `dist` when this was built. */
const pageFolder = (): string => {
  const found = ['page/', '../../dashboard/page/']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((folder) => existsSync(folder))
  if (found === undefined)
    throw new SyncError('The folder dashboard/page is missing from this installation. Install the package again.')
  return found
}

const read = (path: string): PageFile => ({
  type: TYPES[extname(path)] ?? 'application/octet-stream',
  body: new Uint8Array(readFileSync(path)),
})

/** By the path under which each is asked for. The plotting library comes from its package. */
export const readPageFiles = (): ReadonlyMap<string, PageFile> => {
  const folder = pageFolder()
  const plotter = createRequire(import.meta.url).resolve('uplot')
  return new Map([
    ...readdirSync(folder)
      .filter((file) => extname(file) in TYPES)
      .map((file) => [file === 'index.html' ? '/' : `/${file}`, read(join(folder, file))] as const),
    ['/uplot.js', read(join(plotter, '../uPlot.esm.js'))] as const,
    ['/uplot.css', read(join(plotter, '../uPlot.min.css'))] as const,
  ])
}
