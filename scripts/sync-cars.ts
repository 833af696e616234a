#!/usr/bin/env node
/** The same as `carsync sync`: the path that the first user's automation knows. */
import { start } from '../cli/start.ts'

await start(['sync', ...process.argv.slice(2)])
