/** The edge function's entry. Everything else is in files of their own, so that tests can call them. */
import { openFunction } from './open-function.ts'

Deno.serve(openFunction().answer)
