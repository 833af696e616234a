/**
 * Errors that end a command. Network faults and refused pages are values, not errors (`Fault`, `Outcome`). Each message
 * says what was wanted, what came and what to do; `exitCode` is the contract's.
 */
export class SyncError extends Error {
  readonly exitCode: 1 | 2 | 3
  constructor(message: string, exitCode: 1 | 2 | 3 = 1, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SyncError'
    this.exitCode = exitCode
  }
}

/** Wrong usage or configuration: nothing was touched. */
export class ConfigError extends SyncError {
  constructor(message: string) {
    super(message, 2)
    this.name = 'ConfigError'
  }
}

/** Another process took the lease; this one must not write any more. */
export class LeaseLostError extends SyncError {
  constructor(message: string) {
    super(message, 3)
    this.name = 'LeaseLostError'
  }
}

/** Who only looks found a database into which nothing was ever synced, and made nothing of it. */
export class NothingSyncedError extends SyncError {
  constructor() {
    super(
      'Nothing was synced into this database yet: there is nothing to look at or to decide. Begin with: carsync sync.',
      2,
    )
    this.name = 'NothingSyncedError'
  }
}

/** The embedded database is open in another process: `holder` and `since` are what that process has said of itself. */
export class InUseError extends SyncError {
  readonly holder: string
  readonly since: string
  constructor(message: string, holder: string, since: string, options?: ErrorOptions) {
    super(message, 3, options)
    this.name = 'InUseError'
    this.holder = holder
    this.since = since
  }
}

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
