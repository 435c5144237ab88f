/** The schema of what one symbol overrides: the sections' own schemas, with every key optional and no defaults (CFG-3). */

import { z } from "zod";

/**
 * The schema in which each key may be left out, at every depth; what is given is checked as in the original.
 *
 * @param without keys of the outermost section that may not be given at all
 */
export function deepPartial(schema: z.core.$ZodType, without: readonly string[] = []): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return described(deepPartial(schema.unwrap(), without), schema);
  }
  if (schema instanceof z.ZodObject) {
    const shape = Object.fromEntries(
      Object.entries<z.core.$ZodType>(schema.shape)
        .filter(([key]) => !without.includes(key))
        .map(([key, child]) => [key, deepPartial(child).exactOptional()]),
    );
    return described(z.strictObject(shape), schema);
  }
  if (schema instanceof z.ZodType) return schema;
  throw new TypeError("a setting has a schema of another kind");
}

function described(schema: z.ZodType, like: z.ZodType): z.ZodType {
  return like.description === undefined ? schema : schema.describe(like.description);
}
