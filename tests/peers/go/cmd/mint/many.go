package main

// M00 to M79 are struct types whose ids pass 127.
type (
	M00 struct{ V00 int64 }
	M01 struct{ V01 int64 }
	M02 struct{ V02 int64 }
	M03 struct{ V03 int64 }
	M04 struct{ V04 int64 }
	M05 struct{ V05 int64 }
	M06 struct{ V06 int64 }
	M07 struct{ V07 int64 }
	M08 struct{ V08 int64 }
	M09 struct{ V09 int64 }
	M10 struct{ V10 int64 }
	M11 struct{ V11 int64 }
	M12 struct{ V12 int64 }
	M13 struct{ V13 int64 }
	M14 struct{ V14 int64 }
	M15 struct{ V15 int64 }
	M16 struct{ V16 int64 }
	M17 struct{ V17 int64 }
	M18 struct{ V18 int64 }
	M19 struct{ V19 int64 }
	M20 struct{ V20 int64 }
	M21 struct{ V21 int64 }
	M22 struct{ V22 int64 }
	M23 struct{ V23 int64 }
	M24 struct{ V24 int64 }
	M25 struct{ V25 int64 }
	M26 struct{ V26 int64 }
	M27 struct{ V27 int64 }
	M28 struct{ V28 int64 }
	M29 struct{ V29 int64 }
	M30 struct{ V30 int64 }
	M31 struct{ V31 int64 }
	M32 struct{ V32 int64 }
	M33 struct{ V33 int64 }
	M34 struct{ V34 int64 }
	M35 struct{ V35 int64 }
	M36 struct{ V36 int64 }
	M37 struct{ V37 int64 }
	M38 struct{ V38 int64 }
	M39 struct{ V39 int64 }
	M40 struct{ V40 int64 }
	M41 struct{ V41 int64 }
	M42 struct{ V42 int64 }
	M43 struct{ V43 int64 }
	M44 struct{ V44 int64 }
	M45 struct{ V45 int64 }
	M46 struct{ V46 int64 }
	M47 struct{ V47 int64 }
	M48 struct{ V48 int64 }
	M49 struct{ V49 int64 }
	M50 struct{ V50 int64 }
	M51 struct{ V51 int64 }
	M52 struct{ V52 int64 }
	M53 struct{ V53 int64 }
	M54 struct{ V54 int64 }
	M55 struct{ V55 int64 }
	M56 struct{ V56 int64 }
	M57 struct{ V57 int64 }
	M58 struct{ V58 int64 }
	M59 struct{ V59 int64 }
	M60 struct{ V60 int64 }
	M61 struct{ V61 int64 }
	M62 struct{ V62 int64 }
	M63 struct{ V63 int64 }
	M64 struct{ V64 int64 }
	M65 struct{ V65 int64 }
	M66 struct{ V66 int64 }
	M67 struct{ V67 int64 }
	M68 struct{ V68 int64 }
	M69 struct{ V69 int64 }
	M70 struct{ V70 int64 }
	M71 struct{ V71 int64 }
	M72 struct{ V72 int64 }
	M73 struct{ V73 int64 }
	M74 struct{ V74 int64 }
	M75 struct{ V75 int64 }
	M76 struct{ V76 int64 }
	M77 struct{ V77 int64 }
	M78 struct{ V78 int64 }
	M79 struct{ V79 int64 }
)

// Many has a field of each.
type Many struct {
	F00 M00
	F01 M01
	F02 M02
	F03 M03
	F04 M04
	F05 M05
	F06 M06
	F07 M07
	F08 M08
	F09 M09
	F10 M10
	F11 M11
	F12 M12
	F13 M13
	F14 M14
	F15 M15
	F16 M16
	F17 M17
	F18 M18
	F19 M19
	F20 M20
	F21 M21
	F22 M22
	F23 M23
	F24 M24
	F25 M25
	F26 M26
	F27 M27
	F28 M28
	F29 M29
	F30 M30
	F31 M31
	F32 M32
	F33 M33
	F34 M34
	F35 M35
	F36 M36
	F37 M37
	F38 M38
	F39 M39
	F40 M40
	F41 M41
	F42 M42
	F43 M43
	F44 M44
	F45 M45
	F46 M46
	F47 M47
	F48 M48
	F49 M49
	F50 M50
	F51 M51
	F52 M52
	F53 M53
	F54 M54
	F55 M55
	F56 M56
	F57 M57
	F58 M58
	F59 M59
	F60 M60
	F61 M61
	F62 M62
	F63 M63
	F64 M64
	F65 M65
	F66 M66
	F67 M67
	F68 M68
	F69 M69
	F70 M70
	F71 M71
	F72 M72
	F73 M73
	F74 M74
	F75 M75
	F76 M76
	F77 M77
	F78 M78
	F79 M79
}

func many() []any {
	return []any{
		M00{0},
		M01{1},
		M02{2},
		M03{3},
		M04{4},
		M05{5},
		M06{6},
		M07{7},
		M08{8},
		M09{9},
		M10{10},
		M11{11},
		M12{12},
		M13{13},
		M14{14},
		M15{15},
		M16{16},
		M17{17},
		M18{18},
		M19{19},
		M20{20},
		M21{21},
		M22{22},
		M23{23},
		M24{24},
		M25{25},
		M26{26},
		M27{27},
		M28{28},
		M29{29},
		M30{30},
		M31{31},
		M32{32},
		M33{33},
		M34{34},
		M35{35},
		M36{36},
		M37{37},
		M38{38},
		M39{39},
		M40{40},
		M41{41},
		M42{42},
		M43{43},
		M44{44},
		M45{45},
		M46{46},
		M47{47},
		M48{48},
		M49{49},
		M50{50},
		M51{51},
		M52{52},
		M53{53},
		M54{54},
		M55{55},
		M56{56},
		M57{57},
		M58{58},
		M59{59},
		M60{60},
		M61{61},
		M62{62},
		M63{63},
		M64{64},
		M65{65},
		M66{66},
		M67{67},
		M68{68},
		M69{69},
		M70{70},
		M71{71},
		M72{72},
		M73{73},
		M74{74},
		M75{75},
		M76{76},
		M77{77},
		M78{78},
		M79{79},
	}
}
