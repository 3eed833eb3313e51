module gobrpc.demo/peer

go 1.21
