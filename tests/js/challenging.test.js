import assert from "node:assert/strict";
import { test } from "node:test";

import { ChallengeClient, ChallengeRefusal } from "../../static/js/camera/challenge.js";
import { Challenging, MOST_REPEATS, SHORTEST_INTERVAL_MS } from "../../static/js/plans/challenging.js";

const WORDS = {
  elsewhere: "elsewhere", movement_of: "{n}/{all}", movements_done: "done", offline: "offline",
  busy: "busy",
};
const STRAIGHT = { frame: 1, step: 0, of: 2, instruction: "straight", share: 0, message: "straight" };
const LEFT = { frame: 2, step: 1, of: 2, instruction: "turn_left", share: 0.4, message: "left" };
const DONE = { frame: 3, step: 2, of: 2, instruction: "done", share: 1, message: "wait" };
const grabber = { small: async () => "a frame" };

/** A server that returns the given answers in order: an Error is thrown, an object is the body of a 200. */
function server(...answers) {
  const asked = [];
  const send = async (url, { body }) => {
    asked.push([url, Object.fromEntries(body)]);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer.status ? answer : Response.json(answer);
  };
  return { asked, send };
}

function challenging({ send }, claimed = "ada ", now = () => 0) {
  const submitted = [];
  const waits = [];
  const field = { value: "" };
  const plan = new Challenging({
    form: { requestSubmit: () => submitted.push(field.value) },
    claim: { value: claimed },
    field,
    client: new ChallengeClient({ begin: "/begin", frames: "/frames" }, "t", WORDS, send),
    words: WORDS,
    wait: async (ms) => waits.push(ms),
    now,
  });
  return { plan, submitted, waits };
}

test("instructions are shown one at a time, and the finished challenge is sent", async () => {
  const there = server({ ...STRAIGHT, challenge: "c" }, LEFT, DONE);
  const { plan, submitted } = challenging(there);
  const told = [];
  const counts = [];
  const prompt = ({ message }) => {
    told.push(message);
    counts.push(plan.count());
  };
  assert.equal(await plan.capture(grabber, null, prompt), "enough");
  plan.finish();
  assert.deepEqual(told, ["straight", "left", "wait"]);
  assert.deepEqual(counts, ["", "1/2", "2/2"]);
  assert.deepEqual(there.asked, [
    ["/begin", { identifier: "ada" }],
    ["/frames", { challenge: "c", number: "1", frame: "a frame" }],
    ["/frames", { challenge: "c", number: "2", frame: "a frame" }],
  ]);
  assert.deepEqual(submitted, ["c"]);
});

test("each colour is shown before the frame taken in it", async () => {
  const there = server(
    { ...STRAIGHT, light: "#ffaeb5", challenge: "c" },
    { ...LEFT, light: "#90c9ff" },
    { ...DONE, light: null },
  );
  const { plan } = challenging(there);
  const order = [];
  const taking = { small: async () => order.push("frame") };
  await plan.capture(taking, null, ({ light }) => order.push(light));
  assert.deepEqual(order, ["#ffaeb5", "frame", "#90c9ff", "frame", null]);
});

test("after a lost answer, the next frame has the number that the server expects", async () => {
  const lost = Response.json({ code: "frame_out_of_order", expected: 5 }, { status: 409 });
  const there = server({ ...STRAIGHT, challenge: "c" }, lost, DONE);
  assert.equal(await challenging(there).plan.capture(grabber, null, () => {}), "enough");
  assert.equal(there.asked.at(-1)[1].number, "5");
});

test("no more than four frames a second are sent, however quick the server is", async () => {
  const clock = [0, 0, 40, 250];
  const there = server({ ...STRAIGHT, challenge: "c" }, LEFT, DONE);
  const { plan, waits } = challenging(there, "ada", () => clock.shift());
  await plan.capture(grabber, null, () => {});
  assert.deepEqual(waits, [0, SHORTEST_INTERVAL_MS - 40]);
  assert.ok(1000 / SHORTEST_INTERVAL_MS <= 4);
});

const refusal = (code, status, more = {}) => Response.json({ code, message: code, ...more }, { status });

for (const [what, answer, message] of [
  ["that took too long", refusal("challenge_over", 410), "challenge_over"],
  ["that another window began again", refusal("challenge_unknown", 404), "elsewhere"],
]) {
  test(`a challenge ${what} stops until the user starts it again`, async () => {
    const there = server({ ...STRAIGHT, challenge: "c" }, answer);
    const { plan } = challenging(there);
    await assert.rejects(plan.capture(grabber, null, () => {}), { message });
    assert.equal(there.asked.length, 2);
  });
}

for (const [what, answer, pause] of [
  ["a line that is gone", new TypeError("network"), 1000],
  ["a busy server", refusal("busy", 429, { seconds: 2 }), 2000],
]) {
  test(`after ${what}, the same frame is retried after a pause`, async () => {
    const there = server({ ...STRAIGHT, challenge: "c" }, answer, DONE);
    const { plan, waits } = challenging(there);
    const told = [];
    assert.equal(await plan.capture(grabber, null, ({ message }) => told.push(message)), "enough");
    assert.deepEqual(there.asked.map(([url]) => url), ["/begin", "/frames", "/frames"]);
    assert.equal(there.asked.at(-1)[1].number, "1");
    assert.ok(waits.includes(pause));
    assert.ok(told.some((message) => ["offline", "busy"].includes(message)));
  });
}

test("a server that stays busy is not retried beyond the limit", async () => {
  const answers = Array.from({ length: 20 }, () => refusal("busy", 429, { seconds: 7 }));
  const there = server(...answers);
  const { plan } = challenging(there);
  await assert.rejects(plan.capture(grabber, null, () => {}), { message: "busy", seconds: 7 });
  assert.equal(there.asked.length, MOST_REPEATS + 1);
});

test("a lockout shows its wait, and nothing is retried automatically", async () => {
  const there = server(refusal("must_wait", 429, { seconds: 30 }));
  const { plan } = challenging(there);
  await assert.rejects(plan.capture(grabber, null, () => {}), (error) => {
    return error instanceof ChallengeRefusal && error.seconds === 30 && !error.again;
  });
  assert.equal(there.asked.length, 1);
});

test("a failure without a text of its own has a general one", async () => {
  const broken = new Response("<html>", { status: 500 });
  const { plan } = challenging(server(broken));
  await assert.rejects(plan.capture(grabber, null, () => {}), { message: "busy" });
});

test("an interrupted challenge sends no further request", async () => {
  const there = server({ ...STRAIGHT, challenge: "c" }, new TypeError("aborted"));
  const { plan } = challenging(there);
  const prompt = () => plan.interrupt();
  await assert.rejects(plan.capture(grabber, null, prompt));
  assert.equal(plan.count(), "");
});
