/** The available cameras, and the one that the user chose last. */

const KEY = "camera";

/** @typedef {{id: string, label: string}} CameraChoice */

/**
 * Return the cameras with a name for each; unnamed ones are numbered.
 * @param {MediaDeviceInfo[]} devices result of enumerateDevices
 * @param {(n: number) => string} numbered
 * @returns {CameraChoice[]}
 */
export function cameras(devices, numbered) {
  return devices
    .filter((device) => device.kind === "videoinput" && device.deviceId)
    .map((device, index) => ({ id: device.deviceId, label: device.label || numbered(index + 1) }));
}

/**
 * Return constraints for getUserMedia: the remembered camera, else the one that faces the user.
 * @param {string | null} remembered a device's id
 * @returns {MediaStreamConstraints}
 */
export function constraints(remembered) {
  const size = { width: { ideal: 1280 }, height: { ideal: 960 } };
  const which = remembered ? { deviceId: { exact: remembered } } : { facingMode: "user" };
  return { audio: false, video: { ...size, ...which } };
}

/** Remembers the chosen camera, unless the browser forbids storage. */
export class CameraMemory {
  #storage;

  /** @param {() => Storage} storage may throw where cookies are blocked */
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
