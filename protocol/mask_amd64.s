//go:build !purego

#include "textflag.h"

DATA exponent<>+0(SB)/4, $0x7f800000
GLOBL exponent<>(SB), RODATA|NOPTR, $4

// EIGHT unmasks eight values and marks in bad those whose exponent is all ones.
#define EIGHT(at, value, bad) \
	VPXOR    at(SI), Y0, value   \
	VMOVDQU  value, at(DI)       \
	VPAND    value, Y1, value    \
	VPCMPEQD value, Y1, value    \
	VPOR     value, bad, bad

// func readVectors(dst *float32, masked *byte, n int, key uint32) (finite bool)
TEXT ·readVectors(SB), NOSPLIT, $0-33
	MOVQ         dst+0(FP), DI
	MOVQ         masked+8(FP), SI
	MOVQ         n+16(FP), CX
	MOVL         key+24(FP), AX
	VMOVD        AX, X0
	VPBROADCASTD X0, Y0
	VPBROADCASTD exponent<>(SB), Y1
	VPXOR        Y6, Y6, Y6
	VPXOR        Y7, Y7, Y7

values:
	EIGHT(0, Y2, Y6)
	EIGHT(32, Y3, Y7)
	EIGHT(64, Y4, Y6)
	EIGHT(96, Y5, Y7)
	ADDQ $128, SI
	ADDQ $128, DI
	SUBQ $32, CX
	JNE  values

	VPOR   Y6, Y7, Y6
	VPTEST Y6, Y6
	SETEQ  finite+32(FP)
	VZEROUPPER
	RET
