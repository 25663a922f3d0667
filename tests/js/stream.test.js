import assert from "node:assert/strict";
import { test } from "node:test";

import { CameraMemory } from "../../static/js/camera/devices.js";
import { Camera } from "../../static/js/camera/stream.js";

class Track {
  stopped = false;
  onended = null;
  stop() {
    this.stopped = true;
  }
  getSettings() {
    return { deviceId: "a" };
  }
}

/** A browser whose getUserMedia returns the given answers, one a call. */
function browser(...answers) {
  const asked = [];
  const track = new Track();
  const stream = { getTracks: () => [track], getVideoTracks: () => [track] };
  const getUserMedia = async (wish) => {
    asked.push(wish);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return stream;
  };
  const scope = {
    isSecureContext: true,
    navigator: {
      mediaDevices: { getUserMedia },
      permissions: { query: async () => ({ state: "granted" }) },
    },
  };
  return { scope, asked, track };
}

const video = () => ({ srcObject: null, play: async () => {} });
const named = (name) => Object.assign(new Error(name), { name });
const memoryOf = (id) => {
  const memory = new CameraMemory(() => ({}));
  memory.recall = () => id;
  memory.forget = () => {
    id = null;
  };
  return memory;
};

test("opening plays the camera and closing stops every track", async () => {
  const { scope, track } = browser("ok");
  const shown = video();
  const camera = new Camera(shown, memoryOf(null), scope);
  await camera.open();
  assert.ok(shown.srcObject);
  assert.equal(camera.current, "a");
  camera.close();
  assert.ok(track.stopped);
  assert.equal(shown.srcObject, null);
});

test("a remembered camera that is absent is forgotten, and another one opens", async () => {
  const { scope, asked } = browser(named("OverconstrainedError"), "ok");
  const memory = memoryOf("gone");
  await new Camera(video(), memory, scope).open();
  assert.deepEqual(asked[0].video.deviceId, { exact: "gone" });
  assert.equal(asked[1].video.facingMode, "user");
  assert.equal(memory.recall(), null);
});

test("a camera in use is reported, and no other one is tried", async () => {
  const { scope, asked } = browser(named("NotReadableError"));
  const opening = new Camera(video(), memoryOf("a"), scope).open();
  await assert.rejects(opening, { code: "in_use" });
  assert.equal(asked.length, 1);
});

test("an insecure address is reported before the camera is requested", async () => {
  const { scope, asked } = browser("ok");
  const opening = new Camera(video(), memoryOf(null), { ...scope, isSecureContext: false }).open();
  await assert.rejects(opening, { code: "insecure" });
  assert.equal(asked.length, 0);
});

test("an unplugged camera is reported, a closed one is not", async () => {
  const { scope, track } = browser("ok", "ok");
  const camera = new Camera(video(), memoryOf(null), scope);
  let told = 0;
  camera.onunplugged = () => {
    told += 1;
  };
  await camera.open();
  track.onended();
  assert.equal(told, 1);
  await camera.open();
  camera.close();
  assert.equal(track.onended, null);
});
