package main

func sequenceSamples() []sample {
	return []sample{
		these("two_structs", `Point{1, 2}, Inner{"a", 1}, Point{3, 4}`, Point{1, 2}, Inner{"a", 1}, Point{3, 4}),
		these("shares_sent_type", `Inner{"a", 1}, Outer{1, Inner{"b", 2}, Inner{}}, HasPtrSlice{{&Inner{"c", 3}}}`,
			Inner{"a", 1}, Outer{1, Inner{"b", 2}, Inner{}}, HasPtrSlice{[]*Inner{{"c", 3}}}),
		these("inner_after_unnamed", `[]*Inner{{"a", 1}}, Inner{"b", 2}: Inner stays without a name`,
			[]*Inner{{"a", 1}}, Inner{"b", 2}),
		these("mixed_values", `int64 7, "s", Point{1, 2}, []string{"a"}, Point{}, true, []string{"b"}, 1.5, Empty{}`,
			int64(7), "s", Point{1, 2}, []string{"a"}, Point{}, true, []string{"b"}, 1.5, Empty{}),
		{name: "many_values", note: "Point{i, -i} for i = 0..99", values: func() (values []any) {
			for i := int64(0); i < 100; i++ {
				values = append(values, Point{i, -i})
			}
			return values
		}},
		{name: "many_types", note: "M00{0}, M01{1}, .. M79{79}: ids 64 to 143", values: many},
		these("many_types_in_one", "Many{F03: M03{3}, F79: M79{79}}: 81 ids", Many{F03: M03{3}, F79: M79{79}}),
	}
}
