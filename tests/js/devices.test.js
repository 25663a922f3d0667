import assert from "node:assert/strict";
import { test } from "node:test";

import { CameraMemory, cameras, constraints } from "../../static/js/camera/devices.js";

const numbered = (n) => `Camera ${n}`;

test("only cameras are offered, and unnamed ones are numbered", () => {
  const devices = [
    { kind: "audioinput", deviceId: "m", label: "Microphone" },
    { kind: "videoinput", deviceId: "a", label: "Built-in" },
    { kind: "videoinput", deviceId: "b", label: "" },
    { kind: "videoinput", deviceId: "", label: "" },
  ];
  assert.deepEqual(cameras(devices, numbered), [
    { id: "a", label: "Built-in" },
    { id: "b", label: "Camera 2" },
  ]);
});

test("the remembered camera is requested by id, else the one that faces the user", () => {
  assert.deepEqual(constraints("a").video.deviceId, { exact: "a" });
  assert.equal(constraints(null).video.facingMode, "user");
  assert.equal(constraints(null).audio, false);
});

test("the choice is remembered and can be forgotten", () => {
  const kept = new Map();
  const storage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
  const memory = new CameraMemory(() => storage);
  memory.remember("b");
  assert.equal(memory.recall(), "b");
  memory.forget();
  assert.equal(memory.recall(), null);
});

test("a browser that forbids storage causes no error", () => {
  const memory = new CameraMemory(() => {
    throw new Error("blocked");
  });
  memory.remember("b");
  assert.equal(memory.recall(), null);
});
