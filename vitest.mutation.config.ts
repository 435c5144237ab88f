import { mutationRun } from "./vitest.mutation.ts";

export default mutationRun("risk");
