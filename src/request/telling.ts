/** What happens within a step is told while the step is under way: a source may keep one waiting for minutes. */

export type Telling<E> = {
  tell(event: E): void
  /**
   * The same steps, with what is told meanwhile in between. `onLeft` is called when nobody takes the rest: it ends the step
   * that is under way.
   */
  during<T>(steps: AsyncGenerator<E, T>, onLeft: () => void): AsyncGenerator<E, T>
}

export const openTelling = <E>(): Telling<E> => {
  const told: E[] = []
  let wake = (): void => {}
  return {
    tell: (event) => {
      told.push(event)
      wake()
    },
    during: async function* <T>(steps: AsyncGenerator<E, T>, onLeft: () => void) {
      let isOver = false
      try {
        for (let next = steps.next(); ; ) {
          const heard = Promise.withResolvers<null>()
          wake = () => heard.resolve(null)
          if (told.length > 0) wake()
          const step = await Promise.race([next, heard.promise])
          yield* told.splice(0)
          if (step === null) continue
          isOver = step.done === true
          if (step.done) return step.value
          yield step.value
          next = steps.next()
        }
      } catch (error) {
        isOver = true
        throw error
      } finally {
        if (!isOver) {
          onLeft()
          await steps.return(undefined as T)
        }
      }
    },
  }
}
