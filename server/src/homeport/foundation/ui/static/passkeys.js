// Passkeys: asks the server what to sign, lets the browser sign it, and sends the answer as an ordinary form.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const text = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (one) => String.fromCharCode(one)).join(""))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function created(options) {
  options.challenge = bytes(options.challenge);
  options.user.id = bytes(options.user.id);
  for (const one of options.excludeCredentials || []) one.id = bytes(one.id);
  const made = await navigator.credentials.create({ publicKey: options });
  return { made, response: { attestationObject: text(made.response.attestationObject) } };
}

async function got(options) {
  options.challenge = bytes(options.challenge);
  const made = await navigator.credentials.get({ publicKey: options });
  const { authenticatorData, signature, userHandle } = made.response;
  return {
    made,
    response: {
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      userHandle: userHandle ? text(userHandle) : null,
    },
  };
}

async function run(form) {
  const answer = await fetch(form.dataset.options, { method: "POST", credentials: "same-origin", headers: { accept: "application/json" } });
  if (answer.redirected) {
    location.reload(); // the password is asked again first
    return;
  }
  if (!answer.ok) throw new Error(answer.status === 429 ? "Too many attempts. Wait a minute." : "The server refused. Load the page again.");
  const { made, response } = await (form.dataset.passkey === "create" ? created : got)(await answer.json());
  form.elements.credential.value = JSON.stringify({
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    clientExtensionResults: made.getClientExtensionResults(),
    response: { clientDataJSON: text(made.response.clientDataJSON), ...response },
  });
  form.submit();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const said = form.querySelector("[role=status]");
  if (!window.PublicKeyCredential) {
    said.textContent = "This browser has no passkeys.";
    continue;
  }
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    said.textContent = "Waiting for your device …";
    run(form).catch((error) => {
      said.textContent = error.name === "NotAllowedError" ? "Nothing was chosen in time, or it was cancelled. Try again." : error.message;
    });
  });
}
