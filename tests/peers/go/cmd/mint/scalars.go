package main

import (
	"math"
	"strings"
)

func scalarSamples() []sample {
	negZero := math.Copysign(0, -1)
	return []sample{
		these("bool", "false, true", false, true),
		these("int", "int: 0 1 -1 63 64 -64 -65 127 128 -128 -129 min max",
			0, 1, -1, 63, 64, -64, -65, 127, 128, -128, -129, math.MinInt64, math.MaxInt64),
		these("int8", "int8: 0 1 -1 min max", int8(0), int8(1), int8(-1), int8(math.MinInt8), int8(math.MaxInt8)),
		these("int16", "int16: 0 1 -1 127 128 -128 -129 min max", int16(0), int16(1), int16(-1), int16(127),
			int16(128), int16(-128), int16(-129), int16(math.MinInt16), int16(math.MaxInt16)),
		these("int32", "int32: 0 1 -1 32767 32768 -32768 -32769 min max", int32(0), int32(1), int32(-1), int32(32767),
			int32(32768), int32(-32768), int32(-32769), int32(math.MinInt32), int32(math.MaxInt32)),
		these("int64", "int64: 0 1 -1 127 128 -128 -129 1<<31 -1<<31 1<<40 min max", int64(0), int64(1), int64(-1),
			int64(127), int64(128), int64(-128), int64(-129), int64(1<<31), int64(-1<<31), int64(1<<40),
			int64(math.MinInt64), int64(math.MaxInt64)),
		these("uint", "uint: 0 1 127 128 255 256 65535 65536 max", uint(0), uint(1), uint(127), uint(128), uint(255),
			uint(256), uint(65535), uint(65536), uint(math.MaxUint64)),
		these("uint8", "uint8: 0 1 127 128 255", uint8(0), uint8(1), uint8(127), uint8(128), uint8(255)),
		these("uint16", "uint16: 0 1 127 128 255 256 65535", uint16(0), uint16(1), uint16(127), uint16(128),
			uint16(255), uint16(256), uint16(65535)),
		these("uint32", "uint32: 0 1 128 65536 1<<24 max", uint32(0), uint32(1), uint32(128), uint32(65536),
			uint32(1<<24), uint32(math.MaxUint32)),
		these("uint64", "uint64: 0 1 127 128 1<<32 1<<40 1<<48 1<<56 max", uint64(0), uint64(1), uint64(127),
			uint64(128), uint64(1<<32), uint64(1<<40), uint64(1<<48), uint64(1<<56), uint64(math.MaxUint64)),
		these("float32", "float32: 0 -0 1 -1 17 0.1 max smallest +Inf -Inf NaN", float32(0), float32(negZero),
			float32(1), float32(-1), float32(17), float32(0.1), float32(math.MaxFloat32),
			float32(math.SmallestNonzeroFloat32), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())),
		these("float64", "float64: 0 -0 1 -1 17 0.1 pi max smallest +Inf -Inf NaN(0x7ff8000000000001)", 0.0, negZero,
			1.0, -1.0, 17.0, 0.1, math.Pi, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1),
			math.NaN()),
		these("complex128", "complex128: 0, 1+2i, -0.5i, Inf+NaN i", complex128(0), 1+2i, -0.5i,
			complex(math.Inf(1), math.NaN())),
		these("complex64", "complex64: 0, 1-2i, 0.1i", complex64(0), complex64(1-2i), complex64(0.1i)),
		these("string", `string: "" "a" "hello" "héllo ☃ 🦀" "\x00" "\xff\xfe\x80"`, "", "a", "hello", "héllo ☃ 🦀",
			"\x00", "\xff\xfe\x80"),
		these("bytes", "[]byte: nil, {}, {0}, {0 127 128 255}, 200 x 0xa5", []byte(nil), []byte{}, []byte{0},
			[]byte{0, 127, 128, 255}, []byte(strings.Repeat("\xa5", 200))),
		these("string_lengths", "string of n x 'g': n = 122 123 124 125 126 127 128 249 250 255 256", grams(122),
			grams(123), grams(124), grams(125), grams(126), grams(127), grams(128), grams(249), grams(250),
			grams(255), grams(256)),
		these("string_long", "string of n x 'g': n = 300, 65600: message lengths of 2 and 3 bytes", grams(300),
			grams(65600)),
	}
}

func grams(n int) string { return strings.Repeat("g", n) }
