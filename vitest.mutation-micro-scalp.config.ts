import { mutationRun } from "./vitest.mutation.ts";

export default mutationRun("decision/micro-scalp");
