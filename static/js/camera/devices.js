/** Which cameras there are, and which one the person chose last. */

const KEY = "camera";

/** @typedef {{id: string, label: string}} CameraChoice */

/**
 * The cameras with a name each; unnamed ones are numbered.
 * @param {MediaDeviceInfo[]} devices as enumerateDevices gives them
 * @param {(n: number) => string} numbered
 * @returns {CameraChoice[]}
 */
export function cameras(devices, numbered) {
  return devices
    .filter((device) => device.kind === "videoinput" && device.deviceId)
    .map((device, index) => ({ id: device.deviceId, label: device.label || numbered(index + 1) }));
}

/**
 * What to ask getUserMedia for: the remembered camera, else the one that faces the person.
 * @param {string | null} remembered a device's id
 * @returns {MediaStreamConstraints}
 */
export function constraints(remembered) {
  const size = { width: { ideal: 1280 }, height: { ideal: 960 } };
  const which = remembered ? { deviceId: { exact: remembered } } : { facingMode: "user" };
  return { audio: false, video: { ...size, ...which } };
}

/** Remembers the chosen camera; a browser that forbids storing simply forgets it. */
export class CameraMemory {
  #storage;

  /** @param {() => Storage} storage reading it may throw where cookies are blocked */
  constructor(storage) {
    this.#storage = storage;
  }

  /** @returns {string | null} */
  recall() {
    return this.#attempt((storage) => storage.getItem(KEY));
  }

  /** @param {string} id */
  remember(id) {
    this.#attempt((storage) => storage.setItem(KEY, id));
  }

  forget() {
    this.#attempt((storage) => storage.removeItem(KEY));
  }

  #attempt(action) {
    try {
      return action(this.#storage());
    } catch {
      return null;
    }
  }
}
