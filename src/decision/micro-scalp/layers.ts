/**
 * The four layers of a set-up, in the order in which they are asked: filters, location, signals, confluence. All are
 * looked at, so that a refusal can say everything; the first that does not hold is what stopped it (requirements DEC-4).
 */

import { present } from "../../domain/assert.ts";
import type { Side } from "../../domain/order.ts";
import { changeOfCharacter } from "./change-of-character.ts";
import { engulfing } from "./engulfing.ts";
import { atLeast, type Finding } from "./finding.ts";
import { liquidityCluster } from "./liquidity-cluster.ts";
import { liquiditySweep } from "./liquidity-sweep.ts";
import { sessionMomentum } from "./momentum.ts";
import { findOrderBlock, type OrderBlock, orderBlockRetest, orderBlockZone } from "./order-block.ts";
import { dayExtreme, sessionExtreme } from "./price-extremes.ts";
import type { Rules } from "./rules.ts";
import { type Facts, type Scene, sceneOf } from "./scene.ts";
import { volatilityExpansion } from "./volatility-filter.ts";
import { takenVolume } from "./volume.ts";
import { vwapBand, vwapPersistence, vwapRejection } from "./vwap-filter.ts";
import { wickTrap } from "./wick-trap.ts";

export type Layer = {
  readonly name: "FILTERS" | "LOCATION" | "SIGNALS" | "CONFLUENCE";
  readonly passed: boolean;
  /** points; in the last layer all of them together */
  readonly score: number;
  readonly findings: readonly Finding[];
};

export type SetUp = {
  readonly side: Side;
  readonly scene: Scene;
  /** all four */
  readonly layers: readonly Layer[];
  /** layers that hold before the first that does not, 0–4 */
  readonly passed: number;
  /** confluence, 0–8 */
  readonly score: number;
  /** primary signals of this side, whatever else holds */
  readonly primaries: number;
};

/**
 * What makes the score 0–8 (requirements DEC-4): two points each from location, primary and secondary signals, one each for
 * a price that has stayed on its side of the VWAP and for a volatility that expands.
 */
const groupPointsMax = 2;
export const scoreMax = 8;

/** @param filters of the first layer, which has no side */
export function setUpOf(facts: Facts, filters: readonly Finding[], side: Side, rules: Rules): SetUp {
  const scene = sceneOf(facts, side);
  const block = findOrderBlock(scene, rules.order_block);
  const first: Layer = { name: "FILTERS", passed: filters.every(({ passed }) => passed), score: 0, findings: filters };
  const location = locationLayer(scene, block, rules);
  const primary = primarySignals(scene, rules);
  const signals = signalsLayer(primary, secondarySignals(scene, block, rules));
  const confluence = confluenceLayer(location.score + signals.score, scene, rules);
  const layers = [first, location, signals, confluence];
  const stop = layers.findIndex(({ passed }) => !passed);
  return {
    side,
    scene,
    layers,
    passed: stop < 0 ? layers.length : stop,
    score: confluence.score,
    primaries: count(primary),
  };
}

/** The first layer that does not hold; of a set-up that holds, the last one. */
export function decidingLayer({ layers, passed }: SetUp): Layer {
  return present(layers[Math.min(passed, layers.length - 1)], "layer of a set-up");
}

function locationLayer(scene: Scene, block: OrderBlock | null, rules: Rules): Layer {
  const findings = [
    vwapBand(scene),
    sessionExtreme(scene, rules.location),
    dayExtreme(scene, rules.location),
    orderBlockZone(scene, block, rules.location),
    liquidityCluster(scene, rules.location),
  ];
  return { name: "LOCATION", passed: count(findings) > 0, score: points(findings), findings };
}

function primarySignals(scene: Scene, rules: Rules): readonly Finding[] {
  return [
    wickTrap(scene, rules.signals),
    liquiditySweep(scene, rules.sweep),
    vwapRejection(scene, rules),
    engulfing(scene, rules.signals),
  ];
}

function secondarySignals(scene: Scene, block: OrderBlock | null, rules: Rules): readonly Finding[] {
  return [
    orderBlockRetest(scene, block, rules.order_block),
    changeOfCharacter(scene),
    sessionMomentum(scene, rules.signals),
    takenVolume(scene, rules.signals),
  ];
}

function signalsLayer(primary: readonly Finding[], secondary: readonly Finding[]): Layer {
  return {
    name: "SIGNALS",
    passed: count(primary) > 0 && count(secondary) > 0,
    score: points(primary) + points(secondary),
    findings: [...primary, ...secondary],
  };
}

function confluenceLayer(soFar: number, scene: Scene, rules: Rules): Layer {
  const extra = [vwapPersistence(scene, rules.signals), volatilityExpansion(scene, rules.signals)];
  const score = soFar + count(extra);
  const verdict: Finding = { ...atLeast("SCORE", score, rules.trade_score), score: 0 };
  return { name: "CONFLUENCE", passed: verdict.passed, score, findings: [verdict, ...extra] };
}

function count(findings: readonly Finding[]): number {
  return findings.reduce((sum, { score }) => sum + score, 0);
}

function points(findings: readonly Finding[]): number {
  return Math.min(groupPointsMax, count(findings));
}
