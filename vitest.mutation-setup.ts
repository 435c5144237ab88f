/** Set-up of a run of mutation tests: a property that fails has killed its mutant, and the smallest case is of no use. */

import fc from "fast-check";

fc.configureGlobal({ endOnFailure: true, numRuns: 50, seed: 19_072_024 });
