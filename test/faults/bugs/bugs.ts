/** Every mistake that the judge has to find, one for each cause. */

import type { Bug } from "./bug.ts";
import { orderFateBugs } from "./order-fate.ts";
import { restartBugs } from "./people-and-restart.ts";
import { protectionBugs } from "./protection.ts";
import { streamBugs } from "./streams-and-limits.ts";

export const bugs: readonly Bug[] = [...orderFateBugs, ...protectionBugs, ...streamBugs, ...restartBugs];
