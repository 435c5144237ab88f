/** Stands in the message of what the simulation throws itself. */
export const injectedMark = "Simulated:";
