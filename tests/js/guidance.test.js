import assert from "node:assert/strict";
import { test } from "node:test";

import { CheckFailure } from "../../static/js/camera/check.js";
import { Guidance } from "../../static/js/camera/guidance.js";

const VERDICT = { faces: 1, ok: true, reasons: [], message: "", box: null };

/** A clock that moves only when something waits on it. */
class ManualClock {
  time = 0;
  waits = [];
  now = () => this.time;
  wait = async (ms) => {
    this.waits.push(ms);
    this.time += ms;
  };
}

/** Runs a guidance whose server answers after `answerMs`, for a number of rounds. */
async function guided(rounds, answer) {
  const clock = new ManualClock();
  const log = { verdicts: [], failures: [], sides: [], underWay: 0, most: 0 };
  const grab = async (side) => {
    log.sides.push(side);
    return new Blob(["frame"]);
  };
  await new Promise((resolve) => {
    let left = rounds;
    const check = async () => {
      log.underWay += 1;
      log.most = Math.max(log.most, log.underWay);
      try {
        return await answer(clock);
      } finally {
        log.underWay -= 1;
        left -= 1;
      }
    };
    const guidance = new Guidance(grab, check, clock);
    const stopAtEnd = () => {
      if (left > 0) return;
      guidance.stop();
      resolve();
    };
    guidance.onverdict = (verdict) => {
      log.verdicts.push(verdict);
      stopAtEnd();
    };
    guidance.onfailure = (failure) => {
      log.failures.push(failure);
      stopAtEnd();
    };
    guidance.start();
    guidance.start();
    log.guidance = guidance;
  });
  return { ...log, clock };
}

const answersAfter = (ms) => async (clock) => {
  clock.time += ms;
  return VERDICT;
};

test("one frame is under way at a time, even when started twice", async () => {
  const { most, verdicts } = await guided(10, answersAfter(40));
  assert.equal(most, 1);
  assert.equal(verdicts.length, 10);
});

test("a quick server is asked at least five times a second", async () => {
  const { clock } = await guided(10, answersAfter(60));
  assert.ok(clock.time <= 2000, `${clock.time} ms for 10 frames`);
});

test("a slow line gets smaller frames and no extra waiting", async () => {
  const { sides, clock } = await guided(10, answersAfter(900));
  assert.ok(sides.at(-1) < sides[0]);
  assert.equal(Math.max(...clock.waits), 0);
});

test("a quick line gets frames as large as are useful", async () => {
  const { sides } = await guided(12, answersAfter(30));
  assert.ok(sides.at(-1) > sides[0]);
});

test("a busy server is left in peace for as long as it asks", async () => {
  const { failures, clock } = await guided(2, async () => {
    throw new CheckFailure("busy", 4000);
  });
  assert.equal(failures[0].code, "busy");
  assert.ok(clock.waits.includes(4000));
});

test("a frame that cannot be grabbed does not end the guiding", async () => {
  const { failures, verdicts } = await guided(3, async (clock) => {
    clock.time += 50;
    if (clock.time < 200) throw new Error("no frame");
    return VERDICT;
  });
  assert.ok(failures.length > 0);
  assert.ok(verdicts.length > 0);
});

test("a verdict that arrives after stopping is dropped", async () => {
  const clock = new ManualClock();
  let answer;
  const guidance = new Guidance(
    async () => new Blob(["frame"]),
    () => new Promise((resolve) => { answer = resolve; }),
    clock,
  );
  const verdicts = [];
  guidance.onverdict = (verdict) => verdicts.push(verdict);
  guidance.start();
  while (!answer) await new Promise(setImmediate);
  guidance.stop();
  answer(VERDICT);
  await new Promise(setImmediate);
  assert.deepEqual(verdicts, []);
});
