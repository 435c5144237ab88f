/** The error codes that the embedded exchange answers, with their texts. @see binance-usdm.md §8 */

import type { ExchangeReply } from "./protocol.ts";

/** `%s` stands for what the refusal names. */
const texts = {
  [-1020]: "This operation is not supported.",
  [-1100]: "Illegal characters found in parameter '%s'.",
  [-1102]: "Mandatory parameter '%s' was not sent, was empty/null, or malformed.",
  [-1106]: "Parameter '%s' sent when not required.",
  [-1111]: "Precision is over the maximum defined for this asset.",
  [-1114]: "TimeInForce parameter sent when not required.",
  [-1115]: "Invalid timeInForce.",
  [-1116]: "Invalid orderType.",
  [-1117]: "Invalid side.",
  [-1120]: "Invalid interval.",
  [-1121]: "Invalid symbol.",
  [-1128]: "Combination of optional parameters invalid.",
  [-1130]: "Data sent for parameter '%s' is not valid.",
  [-1136]: "Invalid newOrderRespType.",
  [-2011]: "Unknown order sent.",
  [-2013]: "Order does not exist.",
  [-2019]: "Margin is insufficient.",
  [-2021]: "Order would immediately trigger.",
  [-2022]: "ReduceOnly Order is rejected.",
  [-2025]: "Reach max open order limit.",
  [-2027]: "Exceeded the maximum allowable position at current leverage.",
  [-2028]: "Leverage is smaller than permitted: insufficient margin balance.",
  [-4001]: "Price less than 0.",
  [-4002]: "Price greater than max price.",
  [-4003]: "Quantity less than or equal to zero.",
  [-4004]: "Quantity less than min quantity.",
  [-4005]: "Quantity greater than max quantity.",
  [-4013]: "Price less than min price.",
  [-4014]: "Price not increased by tick size.",
  [-4015]: "Client order id length should not be more than 36 chars.",
  [-4016]: "Limit price can't be higher than %s.",
  [-4021]: "%s is not valid depth limit",
  [-4023]: "Qty not increased by step size.",
  [-4024]: "Limit price can't be lower than %s.",
  [-4028]: "Leverage %s is not valid",
  [-4045]: "Reach max stop order limit.",
  [-4046]: "No need to change margin type.",
  [-4059]: "No need to change position side.",
  [-4060]: "Invalid position side.",
  [-4061]: "Order's position side does not match user's setting.",
  [-4082]: "Invalid number of batch place orders.",
  [-4116]: "ClientOrderId is duplicated.",
  [-4140]: "Invalid symbol status for opening position.",
  [-4118]: "ReduceOnly Order Failed. Please check your existing position and open orders.",
  [-4120]: "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
  [-4130]: "An open stop or take profit order with GTE and closePosition in the direction is existing.",
  [-4131]: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
  [-4136]: "Target strategy invalid for orderType %s,closePosition true",
  [-4137]: "Quantity must be zero with closePosition equals true",
  [-4138]: "Reduce only must be true with closePosition equals true",
  [-4164]: "Order's notional must be no smaller than %s (unless you choose reduce only).",
  [-4171]: "No need to change multi assets mode.",
  [-5000]: "Path %s is invalid",
  [-5021]:
    "Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be recorded in the order history",
  [-5022]:
    "Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history",
  [-5025]: "Only limit order is supported.",
  [-5026]: "Exceed maximum modify order limit.",
  [-5027]: "No need to modify the order.",
  [-5029]: "Order's notional must be no smaller than %s.",
  [-5047]: "ReduceOnly of the amendment differs from the original order.",
} as const;

export type ErrorCode = keyof typeof texts;

/** "No" is a value: a code and what its text names. */
export type Refusal = { readonly code: ErrorCode; readonly about: string };

export function refusal(code: ErrorCode, about = ""): Refusal {
  return { code, about };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "code" in value && "about" in value;
}

export function refusalText(refused: Refusal): string {
  return texts[refused.code].replace("%s", refused.about);
}

/** HTTP 400, but for a path that does not exist. */
export function refusalReply(refused: Refusal): ExchangeReply {
  return { status: refused.code === -5000 ? 404 : 400, body: { code: refused.code, msg: refusalText(refused) } };
}
