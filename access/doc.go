// Package access says who a caller is and what he may do: it checks tokens, API keys
// and client certificates, knows roles and limits, counts what each user has open and
// sends, and ends what somebody holds who was revoked or whose token expired. It knows
// no front, no message and no model: rights name models as callers do.
//
// A Guard is made once. Whoever opens a way in for somebody asks it for an Identity
// (by Token, or by Certificate), and then for a Session, which is asked before all
// that the caller wants to do. What a Session says changes while it lives: the token
// is renewed, or expires, roles are read again, somebody is revoked.
package access
