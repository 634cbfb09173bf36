import type jsonata from "jsonata";
import { type Native, native } from "./jsonata-natives.ts";
import type { Chance } from "./scope.ts";

// Dates and numbers by a picture. The library turns a picture into one native pattern, so pictures and texts are kept short.

/** A date with every component spelled out has some sixty characters. */
const MAX_DATE_LENGTH = 100;
const MAX_PICTURE_LENGTH = 256;
/** A hundred characters divide into four open components in some hundred thousand ways. */
const MAX_LOOSE_JOINTS = 3;
/** Roman numerals are spelled out one thousand at a time. */
const MAX_ROMAN = 1_000_000;
/** The largest number that can be computed with takes some hundred words. */
const MAX_NUMERAL_LENGTH = 4_096;

export function pictures(chance: () => Chance) {
  return {
    now: now(chance),
    millis: () => chance().now().getTime(),
    fromMillis,
    toMillis: toMillis(chance),
    formatInteger,
    formatNumber,
    parseInteger,
  } satisfies Record<string, Native>;
}

function now(chance: () => Chance) {
  return function now(this: jsonata.Focus, picture?: string, zone?: string): unknown {
    return fromMillis.call(this, chance().now().getTime(), picture, zone);
  };
}

function fromMillis(this: jsonata.Focus, ms?: number, picture?: string, zone?: string): unknown {
  requireCalmPicture(picture);
  return native("fromMillis", this, ms, picture, zone);
}

/** What a text leaves out (the year, the day) is taken from the clock, so the library is shown ours. */
function toMillis(chance: () => Chance) {
  return function toMillis(this: jsonata.Focus, text?: string, picture?: string): unknown {
    requireCalmPicture(picture);
    if (picture !== undefined && (text?.length ?? 0) > MAX_DATE_LENGTH) return undefined;
    const focus = { ...this, environment: { ...this.environment, timestamp: chance().now() } };
    return native("toMillis", focus, text, picture);
  };
}

/**
 * Components of open width side by side can divide the digits in many ways, so few of those are allowed; and a width is a number
 * of characters to be written.
 */
function requireCalmPicture(picture = ""): void {
  const looseJoints = picture.match(/\[[A-Za-z](?!0)[^\]]*\](?=[[0-9A-Za-z])/g)?.length ?? 0;
  if (picture.length > MAX_PICTURE_LENGTH || looseJoints > MAX_LOOSE_JOINTS || /,[^\]]*\d{3}/.test(picture)) {
    throw { message: "The picture of a date is too long or too loose" };
  }
}

function formatInteger(this: jsonata.Focus, value?: number, picture?: string): unknown {
  if (value !== undefined && /^[iI]/.test(picture ?? "") && Math.abs(value) > MAX_ROMAN) {
    throw { message: `Numbers above ${MAX_ROMAN} are not written in Roman numerals` };
  }
  requireShortPicture(picture);
  return native("formatInteger", this, value, picture);
}

function formatNumber(this: jsonata.Focus, value?: number, picture?: string, options?: unknown): unknown {
  requireShortPicture(picture);
  return native("formatNumber", this, value, picture, options);
}

function parseInteger(this: jsonata.Focus, text?: string, picture?: string): unknown {
  requireShortPicture(picture);
  if ((text?.length ?? 0) > MAX_NUMERAL_LENGTH) return undefined;
  return native("parseInteger", this, text, picture);
}

function requireShortPicture(picture = ""): void {
  if (picture.length > MAX_PICTURE_LENGTH) throw { message: "The picture of a number is too long" };
}
