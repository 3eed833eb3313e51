package main

import (
	"math"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"time"
)

// UUID is google/uuid's in all that gob can see.
type UUID [16]byte

// MarshalBinary implements encoding.BinaryMarshaler.
func (u UUID) MarshalBinary() ([]byte, error) { return u[:], nil }

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (u *UUID) UnmarshalBinary(b []byte) error { copy(u[:], b); return nil }

// ErrorString is Mattermost's.
type ErrorString struct {
	Code int
	Err  string
}

// Moments has times and durations in all places.
type Moments struct {
	At   time.Time
	Ptr  *time.Time
	List []time.Time
	Dict map[string]time.Time
	For  time.Duration
	Each []time.Duration
}

// BigValues has math/big values, not pointers.
type BigValues struct {
	Int   big.Int
	Rat   big.Rat
	Float big.Float
}

// BigPointers has pointers to them.
type BigPointers struct {
	Int   *big.Int
	List  []*big.Int
	Rat   *big.Rat
	Float *big.Float
}

// Complexes has complex numbers.
type Complexes struct {
	Small complex64
	Large complex128
	List  []complex128
}

// Networks has net and netip values.
type Networks struct {
	IP     net.IP
	IPs    []net.IP
	Addr   netip.Addr
	Socket netip.AddrPort
	Prefix netip.Prefix
	Ptr    *netip.Addr
}

// Links has URLs.
type Links struct {
	Value url.URL
	Ptr   *url.URL
}

// IDs has UUIDs.
type IDs struct {
	ID  UUID
	Ptr *UUID
}

func goTypeSamples() []sample {
	return append(append(timeSamples(), bigSamples()...), netSamples()...)
}

// monotonic is the same time with a reading of the monotonic clock.
func monotonic(t time.Time) time.Time {
	now := time.Now()
	return now.Add(t.Sub(now)).In(t.Location())
}

func timeSamples() []sample {
	in := func(offset int) time.Time {
		return time.Date(2024, 2, 29, 12, 34, 56, 7, time.FixedZone("Name", offset))
	}
	utc := in(0).UTC()
	last := time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)
	local := func() []any {
		time.Local = time.FixedZone("CEST", 7200)
		return []any{time.Unix(1700000000, 5)}
	}
	durations := []time.Duration{0, 1, -1, 1500, 1500 * time.Millisecond, 26*time.Hour + 3*time.Minute, math.MinInt64, math.MaxInt64}
	each := make([]any, len(durations))
	for i, d := range durations {
		each[i] = d
	}
	zero := time.Time{}
	return []sample{
		these("go_time", "time.Time: 2024-02-29T12:34:56.000000007 in UTC; at +0, +5400, -3601, -30, 3208, -43200 and 50400 seconds",
			utc, in(0), in(5400), in(-3601), in(-30), in(3208), in(-43200), in(50400)),
		these("go_time_range", "time.Time: zero, 0001-01-01T00:00:01Z, 9999-12-31T23:59:59.999999999Z, 1969-12-31T23:59:59.999999999Z, -0044-03-15",
			zero, zero.Add(time.Second), last, time.Unix(-1, 999999999).UTC(), time.Date(-44, 3, 15, 12, 0, 0, 0, time.UTC)),
		these("go_time_monotonic", "go_time's first, with a reading of the monotonic clock", monotonic(utc)),
		{name: "go_time_local", note: "time.Unix(1700000000, 5), where time.Local is at +7200 seconds", values: local},
		these("go_time_fields", "Moments{utc, &at(-3601), {utc, zero}, {\"k\": zero}, 1500ms, {1, 0}}, Moments{}, Moments{Ptr: &zero}",
			Moments{utc, ptr(in(-3601)), []time.Time{utc, zero}, map[string]time.Time{"k": zero}, 1500 * time.Millisecond, []time.Duration{1, 0}},
			Moments{}, Moments{Ptr: &zero}),
		these("go_time_list", "[]*time.Time{&utc}, []time.Time{utc}", []*time.Time{&utc}, []time.Time{utc}),
		these("go_duration", "time.Duration: 0 1 -1 1.5us 1.5s 26h3m min max", each...),
	}
}

func ptr[T any](value T) *T { return &value }

func bigSamples() []sample {
	power := func(bits uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), bits) }
	rat := func(text string) *big.Rat { r, _ := new(big.Rat).SetString(text); return r }
	float := func(text string, prec uint) *big.Float {
		f, _, _ := big.ParseFloat(text, 0, prec, big.ToZero)
		return f
	}
	full := BigValues{}
	full.Int.Set(power(64))
	full.Rat.Set(rat("-1/3"))
	full.Float.SetFloat64(2.5)
	return []sample{
		these("go_big_int", "*big.Int: 0 1 -1 2^64 -2^64 2^200", new(big.Int), big.NewInt(1), big.NewInt(-1), power(64),
			new(big.Int).Neg(power(64)), power(200)),
		these("go_big_rat", "*big.Rat: new(big.Rat), 5, -22/7, 2^200/3", new(big.Rat), big.NewRat(5, 1), big.NewRat(-22, 7),
			new(big.Rat).SetFrac(power(200), big.NewInt(3))),
		these("go_big_rat_zero", "*big.Rat: 0/1, which is not new(big.Rat)", big.NewRat(0, 1)),
		these("go_big_float", "*big.Float: new(big.Float), 0, -0, 1, -0.1, Inf, -Inf, 1e-320, 1/3 of 200 bits to zero, 2^200 as an integer",
			new(big.Float), big.NewFloat(0), big.NewFloat(math.Copysign(0, -1)), big.NewFloat(1), big.NewFloat(-0.1),
			big.NewFloat(math.Inf(1)), big.NewFloat(math.Inf(-1)), big.NewFloat(1e-320),
			float("0.333333333333333333333333333333333333333333333333333333333333333333", 200), new(big.Float).SetInt(power(200))),
		these("go_big_values", "&BigValues{2^64, -1/3, 2.5}, &BigValues{}: all are sent", &full, &BigValues{}),
		these("go_big_pointers", "BigPointers{-5, {7, 0}, 1/3, -2.5}, BigPointers{}, BigPointers{Int: 0}",
			BigPointers{big.NewInt(-5), []*big.Int{big.NewInt(7), new(big.Int)}, rat("1/3"), big.NewFloat(-2.5)},
			BigPointers{}, BigPointers{Int: new(big.Int)}),
		these("go_complex", "Complexes{1-2i, 0.1+3i, {i, 0}}, Complexes{}, Complexes{Large: -0}",
			Complexes{1 - 2i, 0.1 + 3i, []complex128{1i, 0}}, Complexes{},
			Complexes{Large: complex(math.Copysign(0, -1), 0)}),
	}
}

func netSamples() []sample {
	v4, v6, zoned := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("fe80::1%eth0")
	link, _ := url.Parse("https://user:p%40w@example.org:81/a%2Fb?q=1#frag")
	id, max := UUID{0: 0xf8, 5: 1, 15: 0x0a}, UUID{}
	for i := range max {
		max[i] = 0xff
	}
	bare := func() any {
		type ErrorString struct{ Err string }
		return ErrorString{"disk full"}
	}
	array := func() []any {
		type UUID [16]byte
		type HasUUID struct{ ID UUID }
		return []any{UUID(id), UUID{}, HasUUID{UUID(max)}, HasUUID{}}
	}
	return []sample{
		these("go_ip", "net.IP: 192.0.2.1 (4 bytes), 192.0.2.1 (16 bytes), ::1, nil",
			net.IPv4(192, 0, 2, 1).To4(), net.IPv4(192, 0, 2, 1), net.ParseIP("::1"), net.IP(nil)),
		these("go_netip_addr", "netip.Addr: zero, 192.0.2.1, 2001:db8::1, fe80::1%eth0, ::ffff:192.0.2.1",
			netip.Addr{}, v4, v6, zoned, netip.MustParseAddr("::ffff:192.0.2.1")),
		these("go_netip_addr_port", "netip.AddrPort: zero, 192.0.2.1:258, [fe80::1%eth0]:65535",
			netip.AddrPort{}, netip.AddrPortFrom(v4, 258), netip.AddrPortFrom(zoned, 65535)),
		these("go_netip_prefix", "netip.Prefix: zero, 192.0.2.1/24, 2001:db8::1/128, 2001:db8::1 of invalid bits",
			netip.Prefix{}, netip.PrefixFrom(v4, 24), netip.PrefixFrom(v6, 128), netip.PrefixFrom(v6, 129)),
		these("go_net_fields", "Networks{::1, {192.0.2.1, nil}, fe80::1%eth0, 192.0.2.1:80, 192.0.2.1/0, &zero}, Networks{}",
			Networks{net.ParseIP("::1"), []net.IP{net.IPv4(192, 0, 2, 1).To4(), nil}, zoned, netip.AddrPortFrom(v4, 80),
				netip.PrefixFrom(v4, 0), &netip.Addr{}}, Networks{}),
		these("go_url", "&Links{https://user:p%40w@example.org:81/a%2Fb?q=1#frag, nil}, &Links{Ptr: /x}: also defines Userinfo",
			&Links{Value: *link}, &Links{Ptr: &url.URL{Path: "/x"}}),
		these("go_uuid", "UUID of google/uuid's shape: f8..01..0a, zero, ff..ff", id, UUID{}, max),
		these("go_uuid_fields", "IDs{f8..01..0a, &zero}, IDs{}", IDs{id, &UUID{}}, IDs{}),
		{name: "go_uuid_array", note: "UUID [16]byte: f8..01..0a, zero; HasUUID{ff..ff}, HasUUID{}", values: array},
		these("go_error_string", "ErrorString{0, \"disk full\"}, ErrorString{1, \"EOF\"}, ErrorString{}", ErrorString{Err: "disk full"}, ErrorString{1, "EOF"}, ErrorString{}),
		these("go_error_string_bare", "ErrorString{\"disk full\"}, of a type without Code", bare()),
	}
}
