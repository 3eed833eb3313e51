package main

import (
	"encoding/gob"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"time"
)

// GobVal marshals by value, as "gob:" and its text.
type GobVal struct{ text string }

// GobEncode implements gob.GobEncoder.
func (g GobVal) GobEncode() ([]byte, error) { return []byte("gob:" + g.text), nil }

// GobDecode implements gob.GobDecoder.
func (g *GobVal) GobDecode(b []byte) error { g.text = string(b[4:]); return nil }

// GobPtr marshals by pointer.
type GobPtr struct{ text string }

// GobEncode implements gob.GobEncoder.
func (g *GobPtr) GobEncode() ([]byte, error) { return []byte("ptr:" + g.text), nil }

// GobDecode implements gob.GobDecoder.
func (g *GobPtr) GobDecode(b []byte) error { g.text = string(b[4:]); return nil }

// BinVal marshals through encoding.BinaryMarshaler; its exported field is
// not sent, but the type of that field is defined all the same.
type BinVal struct {
	Text  string
	Extra *Inner
}

// MarshalBinary implements encoding.BinaryMarshaler.
func (b BinVal) MarshalBinary() ([]byte, error) { return []byte("bin:" + b.Text), nil }

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (b *BinVal) UnmarshalBinary(p []byte) error { b.Text = string(p[4:]); return nil }

// TextVal implements only encoding.TextMarshaler, which gob ignores.
type TextVal struct{ Text string }

// MarshalText implements encoding.TextMarshaler.
func (t TextVal) MarshalText() ([]byte, error) { return []byte("text:" + t.Text), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *TextVal) UnmarshalText(p []byte) error { t.Text = string(p[5:]); return nil }

// Marshalers has each as a field.
type Marshalers struct {
	Val    GobVal
	Ptr    *GobPtr
	PtrVal *GobVal
	Bin    BinVal
	Text   TextVal
	List   []GobVal
	Dict   map[string]GobVal
}

// Times has time values as fields.
type Times struct {
	At  time.Time
	Ptr *time.Time
	For time.Duration
}

// Nums has math/big values as fields.
type Nums struct {
	Int   *big.Int
	Rat   *big.Rat
	Float *big.Float
}

// Addrs has network values as fields.
type Addrs struct {
	URL  *url.URL
	IP   net.IP
	Addr netip.Addr
}

func init() {
	gob.Register(time.Time{})
	gob.Register(GobVal{})
}

func marshalerSamples() []sample {
	utc := time.Date(2024, 2, 29, 12, 34, 56, 789, time.UTC)
	east := time.Date(2024, 2, 29, 12, 34, 56, 0, time.FixedZone("", 5400))
	west := time.Date(1883, 1, 1, 0, 0, 0, 1, time.FixedZone("", -3601))
	link, _ := url.Parse("https://user:pw@example.org:81/a/b?q=1#frag")
	huge, _ := new(big.Int).SetString("-123456789012345678901234567890", 10)
	full := Marshalers{
		GobVal{"v"}, &GobPtr{"p"}, &GobVal{"pv"}, BinVal{"b", nil}, TextVal{"t"},
		[]GobVal{{"l"}, {}}, map[string]GobVal{"k": {"m"}},
	}
	return []sample{
		these("gob_encoder", `GobVal{"v"}, GobVal{}, GobVal{"v"}`, GobVal{"v"}, GobVal{}, GobVal{"v"}),
		these("gob_encoder_pointer", `&GobPtr{"p"}, &GobPtr{}`, &GobPtr{"p"}, &GobPtr{}),
		these("gob_encoder_pointer_to_value", `&GobVal{"v"}`, &GobVal{"v"}),
		these("binary_marshaler", `BinVal{"b", nil}: also defines Inner`, BinVal{"b", nil}),
		these("text_marshaler", `TextVal{"t"}: a plain struct to gob`, TextVal{"t"}),
		these("marshaler_fields", `Marshalers{{"v"}, &{"p"}, &{"pv"}, {"b"}, {"t"}, {{"l"}, {}}, {"k": {"m"}}}`, full),
		these("marshaler_fields_zero", "Marshalers{}, Marshalers{PtrVal: &GobVal{}, Ptr: &GobPtr{}}", Marshalers{},
			Marshalers{PtrVal: &GobVal{}, Ptr: &GobPtr{}}),
		these("marshaler_slice", `[]GobVal{{"a"}, {}}`, []GobVal{{"a"}, {}}),
		these("marshaler_interface", `Any{1, GobVal{"v"}, 2}, Any{1, 2024-02-29T12:34:56.000000789Z, 2}`,
			Any{1, GobVal{"v"}, 2}, Any{1, utc, 2}),
		these("time", "time.Time: 2024-02-29T12:34:56.000000789Z, ..12:34:56+01:30, 1883-01-01T00:00:00.000000001-01:00:01, zero",
			utc, east, west, time.Time{}),
		these("time_fields", "Times{utc, &east, 1500ms}, Times{}, Times{Ptr: &time.Time{}} (sent)",
			Times{utc, &east, 1500 * time.Millisecond}, Times{}, Times{Ptr: &time.Time{}}),
		these("big_int", "*big.Int: 0, 1, -1, 255, 256, -123456789012345678901234567890",
			new(big.Int), big.NewInt(1), big.NewInt(-1), big.NewInt(255), big.NewInt(256), huge),
		these("big_rat", "*big.Rat: 0, -22/7", new(big.Rat), big.NewRat(-22, 7)),
		these("big_float", "*big.Float: 0, 1.5, -0.1", new(big.Float), big.NewFloat(1.5), big.NewFloat(-0.1)),
		these("big_fields", "Nums{-5, 1/3, 2.5}, Nums{}, Nums{Int: 0}", Nums{big.NewInt(-5), big.NewRat(1, 3), big.NewFloat(2.5)},
			Nums{}, Nums{Int: new(big.Int)}),
		these("url", "*url.URL https://user:pw@example.org:81/a/b?q=1#frag: also defines Userinfo", link),
		these("ip", "net.IP: 192.0.2.1 (16 bytes), ::1, nil", net.ParseIP("192.0.2.1"), net.ParseIP("::1"), net.IP(nil)),
		these("netip_addr", "netip.Addr: 192.0.2.1, ::1, fe80::1%eth0, zero", netip.MustParseAddr("192.0.2.1"),
			netip.MustParseAddr("::1"), netip.MustParseAddr("fe80::1%eth0"), netip.Addr{}),
		these("addr_fields", "Addrs{url, 192.0.2.1, ::1}, Addrs{}",
			Addrs{link, net.ParseIP("192.0.2.1"), netip.MustParseAddr("::1")}, Addrs{}),
	}
}
