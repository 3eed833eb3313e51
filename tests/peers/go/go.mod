module gobrpc.test/peers

go 1.21
