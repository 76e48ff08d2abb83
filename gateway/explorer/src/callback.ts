// The page to which an issuer sends people back. It hands what it was given to the explorer, which waits in another
// window, and closes: the explorer alone knows the state and the verifier without which a code is nothing.
import { answersOf, CHANNEL, RECEIVED } from "./signIn";

const channel = new BroadcastChannel(CHANNEL);
channel.addEventListener("message", ({ data }) => {
  if (data === RECEIVED) close();
});
channel.postMessage(answersOf(location.search));
history.replaceState(null, "", location.pathname); // a code is good once and for a minute; still, nobody need read it here
