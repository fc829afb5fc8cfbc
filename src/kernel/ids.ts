declare const brand: unique symbol

/** A value of `T` that only one parser or maker may mint. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Milliseconds: a duration, or a point on the clock that the context names. */
export type Millis = Brand<number, 'Millis'>

export function millis(value: number): Millis {
  return value as Millis
}
