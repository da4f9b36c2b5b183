/** What only those see who sign in, or to whom somebody writes: a file of its own, which the others need not wait for. */
import '../shell/together';
export { Account } from './account';
export { Inbox } from './inbox';
export { SignIn } from './sign-in';
