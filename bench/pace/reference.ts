/**
 * What an earlier simulation measured with another design: the mean of six seeds (five for those without a second figure),
 * 1,900 pages, the same network and service times. A cell is time / (pages / rate), time / the least (null: not measured),
 * and the share refused in percent (null: not told).
 */
import type { Tells } from './scenario.ts'

export type Reference = readonly [plain: number, least: number | null, refused: number | null]

/** By the name of the scenario. */
export const REFERENCE: Readonly<Record<string, Partial<Record<Tells, Reference>>>> = {
  'bucket 5/s burst 1': {
    silent: [1.148, 1.148, 0.92],
    'retry-after': [1.458, 1.458, 0.15],
    headers: [1.056, 1.056, 0.27],
  },
  'bucket 5/s burst 10': {
    silent: [0.996, 1, 0.88],
    'retry-after': [0.996, 1, 0.81],
    headers: [0.995, 1, 0.11],
  },
  'bucket 5/s burst 60': {
    silent: [0.969, 1, 0.99],
    'retry-after': [0.986, 1.017, 0.91],
    headers: [0.969, 1, 0.13],
  },
  'bucket 10/s burst 1': {
    silent: [1.141, 1.141, 0.8],
    'retry-after': [1.475, 1.474, 0.11],
    headers: [1.124, 1.124, 0.44],
  },
  'bucket 10/s burst 10': {
    silent: [1.01, 1.015, 0.58],
    'retry-after': [1.015, 1.02, 0.5],
    headers: [0.997, 1.001, 0],
  },
  'bucket 10/s burst 60': {
    silent: [0.97, 1.001, 0.85],
    'retry-after': [0.983, 1.014, 0.83],
    headers: [0.97, 1.001, 0],
  },
  'bucket 50/s burst 1': {
    silent: [2.078, 2.071, 0.49],
    'retry-after': [2.056, 2.048, 0.12],
    headers: [1.995, 1.988, 1.46],
  },
  'bucket 50/s burst 10': {
    silent: [1.019, 1.02, 1.19],
    'retry-after': [1.215, 1.217, 0.46],
    headers: [1.006, 1.007, 0],
  },
  'bucket 50/s burst 60': {
    silent: [0.984, 1.012, 0.43],
    'retry-after': [0.993, 1.021, 0.8],
    headers: [0.98, 1.008, 0],
  },
  'fixed 100/min, on the minute': {
    silent: [0.926, 1.001, 0.67],
    'retry-after': [0.927, 1.001, 0.25],
    headers: [0.944, 1.02, 0],
  },
  'fixed 100/min, any phase': {
    silent: [0.926, 1.001, 0.67],
    'retry-after': [0.927, 1.001, 0.25],
    headers: [0.944, 1.02, 0],
  },
  'fixed 600/min, on the minute': {
    silent: [0.826, 1.011, 0.69],
    'retry-after': [0.823, 1.008, 0.38],
    headers: [0.824, 1.008, 0],
  },
  'fixed 600/min, any phase': {
    silent: [0.828, 1.014, 0.69],
    'retry-after': [0.823, 1.008, 0.38],
    headers: [0.824, 1.008, 0],
  },
  'sliding 60/min': {
    silent: [0.98, 1.001, 0.84],
    'retry-after': [0.988, 1.009, 0.5],
    headers: [0.988, 1.009, 0.01],
  },
  'counter 60/min': {
    silent: [1.025, 1.025, 2.62],
    'retry-after': [1.025, 1.025, 0.94],
    headers: [1.02, 1.02, 0.81],
  },
  'at most 8 at once': {
    silent: [1.028, 1.028, 0.21],
    'retry-after': [1.056, 1.056, 0.21],
  },
  'slower with load, 10 servers': {
    silent: [1.04, 1.04, 0],
  },
  'thrashing above 20': {
    silent: [1.037, 1.037, 0],
  },
  'at most 4 at once': {
    silent: [1.138, null, 0.53],
    'retry-after': [1.065, null, 0.28],
  },
  'fixed 20/s': {
    silent: [1.348, null, 0.65],
    'retry-after': [1.288, null, 1.11],
    headers: [1.206, null, 4.18],
  },
  'sliding 30/s': {
    silent: [1.613, null, 0.5],
    'retry-after': [1.658, null, 0.22],
    headers: [1.472, null, 4.46],
  },
  'bucket 10/s burst 10, stragglers and 500s': {
    'retry-after': [1.22, null, null],
  },
}
