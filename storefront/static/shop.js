// Sends the events of this page to the gateway once the visitor has agreed. The server lists them.
import posthog from "/posthog.js";

const tracking = JSON.parse(document.getElementById("tracking").textContent);
const banner = document.getElementById("consent");

posthog.init(tracking.token, {
  api_host: tracking.host,
  defaults: "2025-05-24",
  person_profiles: "identified_only",
  opt_out_capturing_by_default: true,
  opt_out_persistence_by_default: true,
  disable_session_recording: true,
  disable_surveys: true,
  // The browser test counts as a visitor. Bots are recognized later, by their user agent.
  opt_out_useragent_filter: true,
});
window.posthog = posthog;

function sendEvents() {
  const known = posthog.get_property("$user_state") === "identified" ? posthog.get_distinct_id() : null;
  if (known && known !== tracking.customer) posthog.reset(); // logged out, or now somebody else
  if (tracking.customer && known !== tracking.customer) posthog.identify(tracking.customer);
  for (const [name, properties] of tracking.events) posthog.capture(name, properties);
}

function decide(agreed) {
  banner.hidden = true;
  if (agreed) {
    posthog.opt_in_capturing({ captureEventName: false });
    sendEvents();
  } else {
    posthog.opt_out_capturing();
  }
}

const consent = posthog.get_explicit_consent_status();
if (consent === "granted") sendEvents();
banner.hidden = consent !== "pending";
document.getElementById("accept").addEventListener("click", () => decide(true));
document.getElementById("decline").addEventListener("click", () => decide(false));

// The server reports the order itself. It needs the ids of the session in which it happened.
document.getElementById("checkout")?.addEventListener("submit", ({ target }) => {
  if (posthog.get_explicit_consent_status() !== "granted") return;
  posthog.capture(
    "Payment Info Entered",
    { step: 2, payment_method: new FormData(target).get("method") },
    { transport: "sendBeacon", send_instantly: true },
  );
  target.elements.device_id.value = posthog.get_property("$device_id");
  target.elements.distinct_id.value = posthog.get_distinct_id();
  target.elements.session_id.value = posthog.get_session_id();
});
