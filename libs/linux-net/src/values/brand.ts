/** A value that only its own `parse` makes. Inside the program no bare number or string stands for it. */
declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
