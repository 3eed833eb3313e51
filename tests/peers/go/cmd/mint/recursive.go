package main

// Tree is a binary tree.
type Tree struct {
	Value       int64
	Left, Right *Tree
}

// Node is a linked list.
type Node struct {
	Value int64
	Next  *Node
}

// A and B refer to each other.
type (
	A struct {
		N int64
		B *B
	}
	B struct {
		S string
		A *A
	}
)

// T is a slice of itself; MT is a map of itself.
type (
	T  []T
	MT map[string]MT
	AT [2][]AT
)

// SliceA and SliceB are slices of each other.
type (
	SliceA []SliceB
	SliceB []SliceA
)

// Multi is a tree with any number of children.
type Multi struct {
	Name string
	Kids []Multi
	ByID map[int64]*Multi
}

// HasT has recursive slices as fields.
type HasT struct {
	T T
	A SliceA
	B SliceB
}

func recursiveSamples() []sample {
	return []sample{
		these("tree", "Tree{1, &Tree{2, nil, &Tree{3}}, &Tree{}}",
			Tree{1, &Tree{2, nil, &Tree{Value: 3}}, &Tree{}}),
		these("linked_list", "Node 1 -> 2 -> 3 -> 4", Node{1, &Node{2, &Node{3, &Node{4, nil}}}}),
		these("mutual_structs", `A{1, &B{"b", &A{2, nil}}}, B{"c", nil}`, A{1, &B{"b", &A{2, nil}}}, B{"c", nil}),
		these("mutual_structs_b", `B{"b", &A{2, nil}}`, B{"b", &A{2, nil}}),
		these("recursive_slice", "T{T{}, T{T{}}, nil}", T{T{}, T{T{}}, nil}),
		these("recursive_map", `MT{"a": MT{"b": nil}}`, MT{"a": MT{"b": nil}}),
		these("recursive_array", "AT{{AT{}}, nil}", AT{{AT{}}, nil}),
		these("mutual_slices", "SliceA{SliceB{SliceA{}}, nil}", SliceA{SliceB{SliceA{}}, nil}),
		these("recursive_slice_fields", "HasT{T{T{}}, SliceA{nil}, SliceB{SliceA{}}}",
			HasT{T{T{}}, SliceA{nil}, SliceB{SliceA{}}}),
		these("multi_tree", `Multi{"a", {{"b", nil, nil}, {}}, {7: &Multi{"c", nil, nil}}}`,
			Multi{"a", []Multi{{Name: "b"}, {}}, map[int64]*Multi{7: {Name: "c"}}}),
	}
}
