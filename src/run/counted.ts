/** So many of a thing, in words: "1 car is", "2 cars are". `more`: how it is said of any other number than one. */
export const counted = (number: number, one: string, more = `${one}s`): string =>
  `${number} ${number === 1 ? one : more}`
