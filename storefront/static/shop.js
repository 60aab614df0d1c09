// Tells the gateway what happens on this page, once the visitor has agreed; the server says what that is.
import posthog from "/posthog.js";

const said = JSON.parse(document.getElementById("tracking").textContent);
const banner = document.getElementById("consent");

posthog.init(said.token, {
  api_host: said.host,
  defaults: "2025-05-24",
  person_profiles: "identified_only",
  opt_out_capturing_by_default: true,
  opt_out_persistence_by_default: true,
  disable_session_recording: true,
  disable_surveys: true,
  // The browser test is a visitor too; robots are told apart later, by their user agent.
  opt_out_useragent_filter: true,
});
window.posthog = posthog;

function tell() {
  const known = posthog.get_property("$user_state") === "identified" ? posthog.get_distinct_id() : null;
  if (known && known !== said.customer) posthog.reset(); // logged out, or somebody else now
  if (said.customer && known !== said.customer) posthog.identify(said.customer);
  for (const [name, properties] of said.events) posthog.capture(name, properties);
}

function decide(agreed) {
  banner.hidden = true;
  if (agreed) {
    posthog.opt_in_capturing({ captureEventName: false });
    tell();
  } else {
    posthog.opt_out_capturing();
  }
}

const consent = posthog.get_explicit_consent_status();
if (consent === "granted") tell();
banner.hidden = consent !== "pending";
document.getElementById("accept").addEventListener("click", () => decide(true));
document.getElementById("decline").addEventListener("click", () => decide(false));

// The order itself is told by the server: it needs to know in whose visit it happened.
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
