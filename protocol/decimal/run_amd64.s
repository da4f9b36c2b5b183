//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The same byte or the same pair all over.
#define VECTOR(name, quarter) \
	DATA name<>+0(SB)/8, quarter  \
	DATA name<>+8(SB)/8, quarter  \
	DATA name<>+16(SB)/8, quarter \
	DATA name<>+24(SB)/8, quarter \
	GLOBL name<>(SB), RODATA|NOPTR, $32

VECTOR(minusZeros, $0xd0d0d0d0d0d0d0d0) // −'0'
VECTOR(points, $0xfefefefefefefefe)     // '.'−'0'
VECTOR(commas, $0x2c2c2c2c2c2c2c2c)     // ','
VECTOR(aboveNine, $0x7676767676767676)  // 10 to 255, and this, are 128 or more
VECTOR(aboveFifteen, $0x7070707070707070)
VECTOR(sixteens, $0x1010101010101010)
VECTOR(tens, $0x010a010a010a010a)       // bytes 10, 1
VECTOR(hundreds, $0x0001006400010064)   // words 100, 1
VECTOR(myriads, $0x0001271000012710)    // words 10000, 1

// Zeros as JavaScript and Go write them, and as Python does.
DATA zeros<>+0(SB)/32, $"0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
GLOBL zeros<>(SB), RODATA|NOPTR, $32
DATA pointZeros<>+0(SB)/32, $"0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0."
GLOBL pointZeros<>(SB), RODATA|NOPTR, $32

// SIGN sets R13 to one if the number begins with a minus, else to zero.
#define SIGN \
	XORL  R13, R13   \
	CMPB  (SI), $'-' \
	SETEQ R13

// CLASSIFY takes sixteen characters minus '0', and sets the bits of the points
// among them in one mask, and of all but digits and points in the other.
#define CLASSIFY(text, pointMask, otherMask) \
	VPCMPEQB  X9, text, X1    \
	VPMOVMSKB X1, pointMask   \
	VPADDUSB  X10, text, X1   \
	VPMOVMSKB X1, otherMask   \
	XORL      pointMask, otherMask

// FOURS joins sixteen digits to four numbers of four, EIGHTS to two numbers of
// eight in the first half of the vector.
#define FOURS(digits) \
	VPMADDUBSW X12, digits, digits \
	VPMADDWD   X13, digits, digits

#define EIGHTS(digits) \
	FOURS(digits)                    \
	VPACKUSDW digits, digits, digits \
	VPMADDWD  X14, digits, digits

// func readWindows(tables *vectorTables, dst *float32, room int, text *byte, size int) (n, end int)
//
// SI is where a number starts, DI where its value goes, R8 the end of dst. Bit
// i of R9 is set where R14+i is a comma, up to the last one used; DX numbers are
// left to be read before these bits are made again, from where the next number
// starts. So the search for a comma waits for the one before only once in
// several numbers, and goes on while those are read.
//
// Of a number, AX is its length, R13 its sign, BX its length without; CX has the
// bits of its points and R11 those of all but digits and points.
TEXT ·readWindows(SB), NOSPLIT, $8-56
	MOVQ    tables+0(FP), R10
	MOVQ    dst+8(FP), DI
	MOVQ    room+16(FP), R8
	LEAQ    (DI)(R8*4), R8
	MOVQ    text+24(FP), SI
	MOVQ    size+32(FP), DX
	LEAQ    -const_reach(SI)(DX*1), DX
	MOVQ    DX, limit-8(SP)
	VMOVDQU minusZeros<>(SB), X8
	VMOVDQU points<>(SB), X9
	VMOVDQU aboveNine<>(SB), X10
	VMOVDQU commas<>(SB), Y11
	VMOVDQU tens<>(SB), X12
	VMOVDQU hundreds<>(SB), X13
	VMOVDQU myriads<>(SB), X14
	VMOVDQU zeros<>(SB), Y7
	VMOVDQU pointZeros<>(SB), Y15

window:
	CMPQ      SI, limit-8(SP)
	JHI       done
	VMOVDQU   (SI), Y2
	VPCMPEQB  Y2, Y7, Y0
	VPCMPEQB  Y2, Y15, Y1
	VPMOVMSKB Y0, CX
	VPMOVMSKB Y1, R11
	NOTL      CX
	NOTL      R11
	TZCNTL    CX, CX
	TZCNTL    R11, R11
	CMPL      CX, $16
	JCC       manyZeros
	CMPL      R11, $15
	JCC       manyPointZeros

mixed:
	VPCMPEQB  Y2, Y11, Y0
	VPCMPEQB  32(SI), Y11, Y1
	VPMOVMSKB Y0, R9
	VPMOVMSKB Y1, AX
	SHLQ      $32, AX
	ORQ       AX, R9
	MOVQ      SI, R14
	POPCNTQ   R9, AX
	MOVBLZX   vectorTables_turns(R10)(AX*1), DX

number:
	SIGN
	TZCNTQ R9, AX
	BLSRQ  R9, R9
	ADDQ   R14, AX
	SUBQ   SI, AX  // the number's length with its sign
	CMPQ   AX, $16
	JHI    long
	VPADDB (SI)(R13*1), X8, X0
	CLASSIFY(X0, CX, R11)
	MOVL   AX, BX
	SUBL   R13, BX // its length without
	BZHIL  BX, R11, R12
	JNE    last

short: // a number of BX characters, digits and points alone, at most 16
	BZHIL   BX, CX, CX
	BLSRL   CX, R12
	JNE     done // two points
	BTSL    BX, CX
	TZCNTL  CX, CX // digits before the point
	MOVBLZX vectorTables_least(R10)(CX*1), R11
	CMPB    R11, (SI)(R13*1)
	JHI     done // none of them, or a leading zero
	VMOVDQU vectorTables_indices(R10)(BX*1), X1
	SUBL    CX, BX // characters from the point on
	CMPL    BX, $1
	JEQ     done // no digit after the point
	LEAL    (R13)(BX*2), CX
	SHLL    $6, CX
	VPADDB  vectorTables_rows+row_point+16(R10)(CX*1), X1, X1
	VPSHUFB X1, X0, X0
	EIGHTS(X0)

	VCVTDQ2PD X0, X0
	VMULPD    vectorTables_rows+row_powers(R10)(CX*1), X0, X0
	VUNPCKHPD X0, X0, X1
	VADDSD    X1, X0, X0

round:
	VMOVQ     X0, BX
	SUBL      $(1<<28-16), BX
	TESTL     $(1<<29-32), BX
	JEQ       done // within 16 units of a midpoint: see roundsSafely
	VCVTSD2SS X0, X0, X0
	VMOVSS    X0, (DI)
	LEAQ      1(SI)(AX*1), SI
	ADDQ      $4, DI
	CMPQ      DI, R8
	JEQ       done
	CMPB      (SI), $' ' // one after each comma, or none at all
	JEQ       space
	DECL      DX
	JNE       number
	JMP       window

space:
	INCQ SI
	DECL DX
	JNE  number
	JMP  window

manyZeros: // CX characters of zeros
	SHRL $1, CX
	LEAL (CX)(CX*1), R11

skip: // CX zeros, in R11 characters, all within one vector
	LEAQ 64(DI), BX
	CMPQ BX, R8
	JHI  mixed
	VPXOR   X0, X0, X0
	VMOVDQU Y0, (DI)
	VMOVDQU Y0, 32(DI)
	ADDQ R11, SI
	LEAQ (DI)(CX*4), DI
	CMPQ DI, R8
	JEQ  done
	CMPB -1(SI), $','
	JNE  window
	CMPB (SI), $' '
	JNE  window
	INCQ SI
	JMP  window

manyPointZeros: // R11 characters of zeros
	IMUL3L $13, R11, CX
	SHRL   $6, CX // a fifth, for up to 32
	LEAL   (CX)(CX*4), R11
	JMP    skip

last: // before the comma, in BX, is another character: R11 has those
	TZCNTL R11, BX
	LEAQ   (SI)(R13*1), R12
	CMPB   (R12)(BX*1), $']'
	JNE    done
	LEAL   (BX)(R13*1), AX
	LEAQ   4(DI), R8 // then there is no more
	JMP    short

long: // more than 16 characters up to the next comma
	VPADDB  (SI)(R13*1), X8, X0
	VPADDB  16(SI)(R13*1), X8, X3
	CLASSIFY(X0, CX, R11)
	CLASSIFY(X3, AX, BX)
	SHLL    $16, AX
	ORL     AX, CX
	SHLL    $16, BX
	ORL     BX, R11
	TZCNTL  R11, BX // the number's length without its sign
	JCS     done
	CMPL    BX, $21
	JHI     done
	LEAL    (BX)(R13*1), AX
	LEAQ    (SI)(AX*1), R12
	CMPB    (R12), $','
	JEQ     ended
	CMPB    (R12), $']'
	JNE     done
	LEAQ    4(DI), R8
ended:
	CMPL    BX, $16
	JLS     short

	// As above, but here a point must be.
	BZHIL   BX, CX, CX
	BLSRL   CX, R12
	JNE     done
	TZCNTL  CX, CX
	JCS     done
	MOVBLZX vectorTables_least(R10)(CX*1), R11
	CMPB    R11, (SI)(R13*1)
	JHI     done
	VMOVDQU vectorTables_indices(R10)(BX*1), X1
	VMOVDQU vectorTables_indices-16(R10)(BX*1), X2
	SUBL    CX, BX
	CMPL    BX, $1
	JEQ     done
	LEAL    (R13)(BX*2), CX
	SHLL    $6, CX

	// Up to four digits lie before the last 16.
	VPADDB  vectorTables_rows+row_point(R10)(CX*1), X2, X2
	VPSHUFB X2, X0, X2
	FOURS(X2)
	VPEXTRD $3, X2, R11
	CMPL    R11, $900
	JCC     done // more than fit in 63 bits

	// Those have indices from 0 to 20, and come out of both vectors, of which each
	// gives zeros for the other's.
	VPADDB   vectorTables_rows+row_point+16(R10)(CX*1), X1, X1
	VPADDB   aboveFifteen<>(SB), X1, X2
	VPSHUFB  X2, X0, X0
	VPSUBB   sixteens<>(SB), X1, X1
	VPSHUFB  X1, X3, X3
	VPOR     X0, X3, X0
	EIGHTS(X0)

	VMOVQ      X0, BX
	MOVL       BX, R12
	SHRQ       $32, BX
	IMUL3Q     $100000000, R12, R12
	ADDQ       R12, BX
	MOVQ       $10000000000000000, R12
	IMULQ      R12, R11
	ADDQ       R11, BX
	VXORPD     X0, X0, X0
	VCVTSI2SDQ BX, X0, X0
	VMULSD     vectorTables_rows+row_powers+8(R10)(CX*1), X0, X0
	JMP        round

done:
	VZEROUPPER
	SUBQ dst+8(FP), DI
	JEQ  none
	DECQ SI
	CMPB (SI), $' '
	JNE  none
	DECQ SI

none:
	SHRQ $2, DI
	MOVQ DI, n+40(FP)
	SUBQ text+24(FP), SI
	MOVQ SI, end+48(FP)
	RET
