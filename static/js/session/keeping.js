/**
 * Keeps a page whose session has ended.
 *
 * The sign-in page takes its place meanwhile. Then the page is back with everything typed, chosen
 * and captured. Nothing is stored.
 */

import { putToken, renew, sessionOf, SignedOut } from "./session.js";

export const SIGNED_OUT = "signedout";
const NOTICE = "signed-in-again";

/** Sets the page aside during a sign-in, and restores it. */
export class Keeping {
  #page;
  #urls;
  #enhance;
  #kept = null;
  #leaving = null;

  /**
   * @param {Document} page
   * @param {(page: Document) => void} enhance sets up the scripts of the page shown meanwhile
   */
  constructor(page, enhance) {
    const { sessionUrl, signInUrl } = page.body.dataset;
    this.#page = page;
    this.#urls = { session: sessionUrl, signIn: signInUrl };
    this.#enhance = enhance;
  }

  /** @returns {boolean} whether a sign-in is in progress */
  get isAside() {
    return this.#kept !== null;
  }

  /**
   * Check that the server will accept a form.
   * @returns {Promise<boolean>} whether it may be sent; otherwise the sign-in page is shown
   */
  async mayBeSent() {
    try {
      await renew(this.#page, this.#urls.session);
    } catch (error) {
      if (!(error instanceof SignedOut)) return true; // no answer: sending the form shows why
      await this.setAside();
      return false;
    }
    return true;
  }

  /** Show the sign-in page; concurrent calls share one sign-in. */
  async setAside() {
    if (this.isAside) return;
    this.#leaving ??= this.#leave().finally(() => {
      this.#leaving = null;
    });
    await this.#leaving;
  }

  async #leave() {
    const answer = await fetch(this.#urls.signIn, { credentials: "same-origin" });
    const page = this.#page;
    const { account } = sessionOf(page);
    this.#kept = { account, body: page.body, title: page.title, top: window.scrollY };
    page.dispatchEvent(new Event(SIGNED_OUT));
    await this.#show(answer);
  }

  /**
   * Send a form of the sign-in page, or the one that leads back to it after a wait.
   * @param {HTMLFormElement} form
   */
  async signIn(form) {
    const fields = new FormData(form);
    if (form.method === "get") {
      const address = `${form.action}?${new URLSearchParams(fields)}`;
      return this.#show(await fetch(address, { credentials: "same-origin" }));
    }
    const sent = { method: "POST", body: fields, credentials: "same-origin" };
    return this.#show(await fetch(form.action, sent));
  }

  async #show(answer) {
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const { account, token } = sessionOf(next);
    if (account === this.#kept.account) return this.#bringBack(token);
    if (account) return window.location.assign(answer.url); // another account: show nothing here
    for (const form of next.forms) {
      if (!form.hasAttribute("action")) form.action = answer.url;
    }
    this.#replace(next.body, next.title);
    putToken(this.#page, token);
    this.#enhance(this.#page);
    this.#page.querySelector("main input:not([type=hidden])")?.focus();
  }

  #bringBack(token) {
    const { body, title, top } = this.#kept;
    this.#kept = null;
    this.#replace(body, title);
    putToken(this.#page, token);
    window.scrollTo(0, top);
    this.#announce(body.dataset.signedInAgain);
  }

  #announce(text) {
    const page = this.#page;
    page.getElementById(NOTICE)?.remove();
    const notice = page.createElement("p");
    Object.assign(notice, { id: NOTICE, className: "notice notice-caution", tabIndex: -1 });
    notice.setAttribute("role", "status");
    notice.textContent = text;
    page.querySelector("main").prepend(notice);
    notice.focus();
  }

  #replace(body, title) {
    this.#page.body.replaceWith(this.#page.adoptNode(body));
    this.#page.title = title;
  }
}

/**
 * Check each form before it is sent, and keep the page if the session has ended.
 * @param {Keeping} keeping
 * @param {Document} page
 */
export function watchForms(keeping, page) {
  let checked = null;
  let isChecking = false;
  page.addEventListener(
    "submit",
    async (event) => {
      const { target: form, submitter } = event;
      if (!form.closest("main") || (form.method !== "post" && !keeping.isAside)) return;
      if (submitter?.dataset.claimContinue !== undefined) return; // confirms, and sends nothing
      if (form === checked) {
        checked = null;
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      if (isChecking) return;
      isChecking = true;
      try {
        if (keeping.isAside) {
          await keeping.signIn(form);
        } else if (await keeping.mayBeSent()) {
          checked = form;
          form.requestSubmit(submitter);
        }
      } finally {
        isChecking = false;
      }
    },
    { capture: true },
  );
}
