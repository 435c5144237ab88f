/** Kinds of numbers that settings have in common. */

import { z } from "zod";

export const seconds = z.number().positive().max(86_400);
export const milliseconds = z.number().int().positive().max(3_600_000);
export const fraction = z.number().gt(0).lte(1);
export const basisPoints = z.number().nonnegative().max(1_000);
