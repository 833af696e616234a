/** Works batch by batch until one is empty; answers the sum of what they came to. */
export const untilNone = async (batch: () => Promise<number>): Promise<number> => {
  let sum = 0
  for (let done = await batch(); done > 0; done = await batch()) sum += done
  return sum
}
