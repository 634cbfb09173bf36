import { describe, expect, it } from "vitest";
import { areLike, marksOf, tellingWords } from "../../../domain/llm/likeness.ts";

const isLike = (a: string, b: string, threshold = 0.95) =>
  marksOf(a) === marksOf(b) && areLike(tellingWords(a), tellingWords(b), threshold);

describe("questions that are alike", () => {
  it.each([
    ["How many days of leave are paid?", "how many  days of leave are paid ?"],
    ["How can I reset my password?", "How do I reset the password, please?"],
    ["What does the contract say?", "what do the contracts say"],
    ["Wie viele Tage Urlaub habe ich?", "wie viele Tage Urlaub habe ich"],
    ["带薪年假有多少天？", "带薪年假有多少天"],
  ])("'%s' and '%s'", (a, b) => {
    expect(isLike(a, b)).toBe(true);
  });
});

describe("whatever the threshold, questions differ that differ in", () => {
  it.each([
    ["a negation", "May I work from home?", "May I not work from home?"],
    ["a short negation", "It doesn't open", "It does open"],
    ["a German negation", "Darf ich den Urlaub mitnehmen?", "Darf ich den Urlaub nicht mitnehmen?"],
    ["a French negation", "Peuvent-ils partir en été ?", "Ne peuvent-ils pas partir en été ?"],
    ["a Russian negation", "Можно взять отпуск?", "Не можно взять отпуск?"],
    ["a Chinese negation", "年假可以延期吗", "年假不可以延期吗"],
    ["a figure", "Show invoice 12", "Show invoice 13"],
    ["what is left out", "Meals with nuts", "Meals without nuts"],
    ["a direction", "Is the road icy above zero?", "Is the road icy below zero?"],
    ["a time", "What is due before the audit?", "What is due after the audit?"],
    ["what they ask for", "Where is the office party?", "When is the office party?"],
  ])("%s: '%s', '%s'", (_name, a, b) => {
    expect(isLike(a, b, 0.5)).toBe(false);
  });
});

describe("by default, questions differ that differ in", () => {
  const long = (place: string) =>
    `Please summarise the parental leave policy for employees in our office in ${place}, who is eligible, how long it lasts, how it is paid and which forms have to be handed in.`;

  it.each([
    ["one word of many", long("Berlin"), long("Paris")],
    ["a word more", long("Berlin"), long("Berlin and Paris")],
    ["who does what", "The tenant pays the landlord. Who pays?", "The landlord pays the tenant. Who pays?"],
    ["the order", "Convert from euros to dollars", "Convert from dollars to euros"],
    ["a sign of a formula", "What is a + b?", "What is a - b?"],
    ["a comparison", "Is x > y?", "Is x < y?"],
  ])("%s: '%s', '%s'", (_name, a, b) => {
    expect(isLike(a, b)).toBe(false);
  });

  it("lets one word differ for each tenth that the threshold is lower", () => {
    expect(isLike(long("Berlin"), long("Paris"), 0.9)).toBe(true);
    expect(isLike(long("Berlin"), long("Paris and Rome"), 0.8)).toBe(false);
    expect(isLike(long("Berlin"), long("Paris and Rome"), 0.7)).toBe(true);
  });
});
