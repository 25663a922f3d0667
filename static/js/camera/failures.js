/** Why there is no camera: each failure has a code, and the page has texts for each code. */

/**
 * @typedef {"denied" | "dismissed" | "absent" | "in_use" | "constraints" | "insecure" |
 *   "unsupported" | "hidden" | "unplugged" | "unknown"} FailureCode
 */

export class CameraFailure extends Error {
  /** @param {FailureCode} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

const BY_NAME = {
  NotFoundError: "absent",
  DevicesNotFoundError: "absent",
  NotReadableError: "in_use",
  TrackStartError: "in_use",
  AbortError: "in_use",
  OverconstrainedError: "constraints",
  ConstraintNotSatisfiedError: "constraints",
  SecurityError: "denied",
};

/**
 * Return the code of an error that getUserMedia threw.
 * @param {{name?: string}} error
 * @param {PermissionState | undefined} permission undefined if not reported
 * @returns {FailureCode}
 */
export function failureOf(error, permission) {
  if (error instanceof CameraFailure) return error.code;
  if (error.name === "NotAllowedError") return permission === "prompt" ? "dismissed" : "denied";
  return BY_NAME[error.name ?? ""] ?? "unknown";
}

/**
 * Return where users allow the camera again after denying it; it differs by browser.
 * @param {{userAgent: string, maxTouchPoints?: number}} browser the navigator
 * @returns {"ios_safari" | "ios" | "android" | "mac_safari" | "desktop"}
 */
export function permissionPlace({ userAgent, maxTouchPoints = 0 }) {
  if (/Android/.test(userAgent)) return "android";
  const isSafari = /Version\/[\d.]+.* Safari\//.test(userAgent);
  const isMac = /Macintosh/.test(userAgent);
  // An iPad claims to be a Mac, but Macs have no touch screen.
  const isIos = /iPhone|iPad|iPod/.test(userAgent) || (isMac && maxTouchPoints > 1);
  if (isIos) return isSafari ? "ios_safari" : "ios";
  return isMac && isSafari ? "mac_safari" : "desktop";
}

/**
 * Return why the camera cannot be requested, or null.
 * @param {{isSecureContext: boolean, navigator: {mediaDevices?: object}}} scope the window
 * @returns {FailureCode | null}
 */
export function obstacle(scope) {
  if (!scope.isSecureContext) return "insecure";
  if (!scope.navigator.mediaDevices) return "unsupported";
  return null;
}
