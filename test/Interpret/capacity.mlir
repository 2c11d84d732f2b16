// Every capacity rule on five inputs (T, E, k, f): (100, 8, 2, 1.25), (1000, 64, 2, 1.25), (10, 8, 1, 1.25),
// (96, 8, 1, 1.0) and (4096, 128, 1, 2.0). All choices ask for expert 0, so its count is the capacity.
// RUN: moec run --interpret %s | FileCheck %s

//===--- Mesh TensorFlow: max(min(T, floor(T f / E)), 4) ---===//

// CHECK-LABEL: @mesh_0
// CHECK-NEXT: tensor<8xi32> [15, 0,
func.func @mesh_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, min = 4, clamp_tokens = true>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @mesh_1
// CHECK-NEXT: tensor<64xi32> [19, 0,
func.func @mesh_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, min = 4, clamp_tokens = true>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// CHECK-LABEL: @mesh_2
// CHECK-NEXT: tensor<8xi32> [4, 0,
func.func @mesh_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, min = 4, clamp_tokens = true>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @mesh_3
// CHECK-NEXT: tensor<8xi32> [12, 0,
func.func @mesh_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.0, round = floor, min = 4, clamp_tokens = true>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @mesh_4
// CHECK-NEXT: tensor<128xi32> [64, 0,
func.func @mesh_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = factor, factor = 2.0, round = floor, min = 4, clamp_tokens = true>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}

//===--- Flaxformer: max(round_half_even(T f / E), 4) ---===//

// CHECK-LABEL: @flaxformer_0
// CHECK-NEXT: tensor<8xi32> [16, 0,
func.func @flaxformer_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = half_even, min = 4>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @flaxformer_1
// CHECK-NEXT: tensor<64xi32> [20, 0,
func.func @flaxformer_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = factor, factor = 1.25, round = half_even, min = 4>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// CHECK-LABEL: @flaxformer_2
// CHECK-NEXT: tensor<8xi32> [4, 0,
func.func @flaxformer_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = half_even, min = 4>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @flaxformer_3
// CHECK-NEXT: tensor<8xi32> [12, 0,
func.func @flaxformer_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.0, round = half_even, min = 4>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @flaxformer_4
// CHECK-NEXT: tensor<128xi32> [64, 0,
func.func @flaxformer_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = factor, factor = 2.0, round = half_even, min = 4>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}

//===--- V-MoE: ceil(T k f / E) up to a multiple of 4 ---===//

// CHECK-LABEL: @vmoe_0
// CHECK-NEXT: tensor<8xi32> [32, 0,
func.func @vmoe_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = ceil, times_k = true, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @vmoe_1
// CHECK-NEXT: tensor<64xi32> [40, 0,
func.func @vmoe_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = factor, factor = 1.25, round = ceil, times_k = true, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// CHECK-LABEL: @vmoe_2
// CHECK-NEXT: tensor<8xi32> [4, 0,
func.func @vmoe_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = ceil, times_k = true, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @vmoe_3
// CHECK-NEXT: tensor<8xi32> [12, 0,
func.func @vmoe_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.0, round = ceil, times_k = true, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @vmoe_4
// CHECK-NEXT: tensor<128xi32> [64, 0,
func.func @vmoe_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = factor, factor = 2.0, round = ceil, times_k = true, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}

//===--- Lingvo GShard: floor(T f / E), 4 if that is 0, up to a multiple of 4 ---===//

// CHECK-LABEL: @lingvo_0
// CHECK-NEXT: tensor<8xi32> [16, 0,
func.func @lingvo_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, min = 4, zero_min = true, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @lingvo_1
// CHECK-NEXT: tensor<64xi32> [20, 0,
func.func @lingvo_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, min = 4, zero_min = true, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// CHECK-LABEL: @lingvo_2
// CHECK-NEXT: tensor<8xi32> [4, 0,
func.func @lingvo_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, min = 4, zero_min = true, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @lingvo_3
// CHECK-NEXT: tensor<8xi32> [12, 0,
func.func @lingvo_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.0, round = floor, min = 4, zero_min = true, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @lingvo_4
// CHECK-NEXT: tensor<128xi32> [64, 0,
func.func @lingvo_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = factor, factor = 2.0, round = floor, min = 4, zero_min = true, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}

//===--- DeepSpeed: max(ceil(T / E f k), 4) in f32 ---===//

// CHECK-LABEL: @deepspeed_0
// CHECK-NEXT: tensor<8xi32> [32, 0,
func.func @deepspeed_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = ceil, times_k = true, min = 4, f32 = true>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @deepspeed_1
// CHECK-NEXT: tensor<64xi32> [40, 0,
func.func @deepspeed_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = factor, factor = 1.25, round = ceil, times_k = true, min = 4, f32 = true>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// CHECK-LABEL: @deepspeed_2
// CHECK-NEXT: tensor<8xi32> [4, 0,
func.func @deepspeed_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = ceil, times_k = true, min = 4, f32 = true>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @deepspeed_3
// CHECK-NEXT: tensor<8xi32> [12, 0,
func.func @deepspeed_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.0, round = ceil, times_k = true, min = 4, f32 = true>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @deepspeed_4
// CHECK-NEXT: tensor<128xi32> [64, 0,
func.func @deepspeed_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = factor, factor = 2.0, round = ceil, times_k = true, min = 4, f32 = true>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}

//===--- fairseq top-2, training: 2 ceil(T / E) ---===//

// CHECK-LABEL: @fairseq_top2_0
// CHECK-NEXT: tensor<8xi32> [26, 0,
func.func @fairseq_top2_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 2.0, ceil_inner = true>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @fairseq_top2_1
// CHECK-NEXT: tensor<64xi32> [32, 0,
func.func @fairseq_top2_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = factor, factor = 2.0, ceil_inner = true>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// CHECK-LABEL: @fairseq_top2_2
// CHECK-NEXT: tensor<8xi32> [4, 0,
func.func @fairseq_top2_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 2.0, ceil_inner = true>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @fairseq_top2_3
// CHECK-NEXT: tensor<8xi32> [24, 0,
func.func @fairseq_top2_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 2.0, ceil_inner = true>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @fairseq_top2_4
// CHECK-NEXT: tensor<128xi32> [64, 0,
func.func @fairseq_top2_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = factor, factor = 2.0, ceil_inner = true>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}

//===--- fairseq top-1, training: floor(f ceil(T / E)) ---===//

// CHECK-LABEL: @fairseq_top1_0
// CHECK-NEXT: tensor<8xi32> [16, 0,
func.func @fairseq_top1_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, ceil_inner = true>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @fairseq_top1_1
// CHECK-NEXT: tensor<64xi32> [20, 0,
func.func @fairseq_top1_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, ceil_inner = true>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// CHECK-LABEL: @fairseq_top1_2
// CHECK-NEXT: tensor<8xi32> [2, 0,
func.func @fairseq_top1_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, ceil_inner = true>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @fairseq_top1_3
// CHECK-NEXT: tensor<8xi32> [12, 0,
func.func @fairseq_top1_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.0, round = floor, ceil_inner = true>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @fairseq_top1_4
// CHECK-NEXT: tensor<128xi32> [64, 0,
func.func @fairseq_top1_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = factor, factor = 2.0, round = floor, ceil_inner = true>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}

//===--- fairseq, evaluation: ceil(T / 4) ---===//

// CHECK-LABEL: @fairseq_eval_0
// CHECK-NEXT: tensor<8xi32> [25, 0,
func.func @fairseq_eval_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = token_fraction, factor = 0.25, round = ceil>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @fairseq_eval_1
// CHECK-NEXT: tensor<64xi32> [250, 0,
func.func @fairseq_eval_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = token_fraction, factor = 0.25, round = ceil>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// CHECK-LABEL: @fairseq_eval_2
// CHECK-NEXT: tensor<8xi32> [3, 0,
func.func @fairseq_eval_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = token_fraction, factor = 0.25, round = ceil>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @fairseq_eval_3
// CHECK-NEXT: tensor<8xi32> [24, 0,
func.func @fairseq_eval_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = token_fraction, factor = 0.25, round = ceil>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @fairseq_eval_4
// CHECK-NEXT: tensor<128xi32> [1024, 0,
func.func @fairseq_eval_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = token_fraction, factor = 0.25, round = ceil>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}

//===--- Tutel: k floor(f ceil(T / E)) ---===//

// CHECK-LABEL: @tutel_0
// CHECK-NEXT: tensor<8xi32> [32, 0,
func.func @tutel_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, ceil_inner = true, outer_k = true>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @tutel_1
// CHECK-NEXT: tensor<64xi32> [40, 0,
func.func @tutel_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, ceil_inner = true, outer_k = true>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// CHECK-LABEL: @tutel_2
// CHECK-NEXT: tensor<8xi32> [2, 0,
func.func @tutel_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, ceil_inner = true, outer_k = true>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @tutel_3
// CHECK-NEXT: tensor<8xi32> [12, 0,
func.func @tutel_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.0, round = floor, ceil_inner = true, outer_k = true>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @tutel_4
// CHECK-NEXT: tensor<128xi32> [64, 0,
func.func @tutel_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = factor, factor = 2.0, round = floor, ceil_inner = true, outer_k = true>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}

//===--- MegaBlocks: floor(f k T / E) ---===//

// CHECK-LABEL: @megablocks_0
// CHECK-NEXT: tensor<8xi32> [31, 0,
func.func @megablocks_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, times_k = true>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @megablocks_1
// CHECK-NEXT: tensor<64xi32> [39, 0,
func.func @megablocks_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, times_k = true>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// CHECK-LABEL: @megablocks_2
// CHECK-NEXT: tensor<8xi32> [1, 0,
func.func @megablocks_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, times_k = true>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @megablocks_3
// CHECK-NEXT: tensor<8xi32> [12, 0,
func.func @megablocks_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.0, round = floor, times_k = true>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @megablocks_4
// CHECK-NEXT: tensor<128xi32> [64, 0,
func.func @megablocks_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = factor, factor = 2.0, round = floor, times_k = true>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}

//===--- OpenMoE: floor(k f T / E), made even, at least 4 ---===//

// CHECK-LABEL: @openmoe_0
// CHECK-NEXT: tensor<8xi32> [32, 0,
func.func @openmoe_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, times_k = true, even = true, min = 4>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @openmoe_1
// CHECK-NEXT: tensor<64xi32> [40, 0,
func.func @openmoe_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, times_k = true, even = true, min = 4>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// CHECK-LABEL: @openmoe_2
// CHECK-NEXT: tensor<8xi32> [4, 0,
func.func @openmoe_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = floor, times_k = true, even = true, min = 4>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @openmoe_3
// CHECK-NEXT: tensor<8xi32> [12, 0,
func.func @openmoe_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.0, round = floor, times_k = true, even = true, min = 4>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @openmoe_4
// CHECK-NEXT: tensor<128xi32> [64, 0,
func.func @openmoe_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = factor, factor = 2.0, round = floor, times_k = true, even = true, min = 4>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}

//===--- Hugging Face Switch and NLLB: a constant ---===//

// CHECK-LABEL: @huggingface_0
// CHECK-NEXT: tensor<8xi32> [64, 0,
func.func @huggingface_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = absolute, factor = 64.0>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @huggingface_1
// CHECK-NEXT: tensor<64xi32> [64, 0,
func.func @huggingface_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = absolute, factor = 64.0>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// Eight choices, since ten would not fill 64 slots; the rule does not read k.
// CHECK-LABEL: @huggingface_2
// CHECK-NEXT: tensor<8xi32> [64, 0,
func.func @huggingface_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x8xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = absolute, factor = 64.0>, priority = #moe.priority<token_major>}
    : tensor<10x8xi32> -> tensor<10x8xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @huggingface_3
// CHECK-NEXT: tensor<8xi32> [64, 0,
func.func @huggingface_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = absolute, factor = 64.0>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @huggingface_4
// CHECK-NEXT: tensor<128xi32> [64, 0,
func.func @huggingface_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = absolute, factor = 64.0>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}

//===--- Soft MoE slots per expert: round(f T / E) ---===//

// CHECK-LABEL: @soft_moe_0
// CHECK-NEXT: tensor<8xi32> [16, 0,
func.func @soft_moe_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = half_even>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @soft_moe_1
// CHECK-NEXT: tensor<64xi32> [20, 0,
func.func @soft_moe_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = factor, factor = 1.25, round = half_even>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// CHECK-LABEL: @soft_moe_2
// CHECK-NEXT: tensor<8xi32> [2, 0,
func.func @soft_moe_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = half_even>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @soft_moe_3
// CHECK-NEXT: tensor<8xi32> [12, 0,
func.func @soft_moe_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.0, round = half_even>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @soft_moe_4
// CHECK-NEXT: tensor<128xi32> [64, 0,
func.func @soft_moe_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = factor, factor = 2.0, round = half_even>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}

//===--- V-MoE expert choice: ceil(T f / E) up to a multiple of 4 ---===//

// CHECK-LABEL: @expert_choice_0
// CHECK-NEXT: tensor<8xi32> [16, 0,
func.func @expert_choice_0() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<100x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = ceil, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<100x2xi32> -> tensor<100x2xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @expert_choice_1
// CHECK-NEXT: tensor<64xi32> [20, 0,
func.func @expert_choice_1() -> tensor<64xi32> {
  %ids = arith.constant dense<0> : tensor<1000x2xi32>
  %slots, %counts = moe.assign %ids
    {experts = 64, capacity = #moe.capacity<kind = factor, factor = 1.25, round = ceil, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<1000x2xi32> -> tensor<1000x2xi32>, tensor<64xi32>
  return %counts : tensor<64xi32>
}

// CHECK-LABEL: @expert_choice_2
// CHECK-NEXT: tensor<8xi32> [4, 0,
func.func @expert_choice_2() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<10x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, round = ceil, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<10x1xi32> -> tensor<10x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @expert_choice_3
// CHECK-NEXT: tensor<8xi32> [12, 0,
func.func @expert_choice_3() -> tensor<8xi32> {
  %ids = arith.constant dense<0> : tensor<96x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.0, round = ceil, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<96x1xi32> -> tensor<96x1xi32>, tensor<8xi32>
  return %counts : tensor<8xi32>
}

// CHECK-LABEL: @expert_choice_4
// CHECK-NEXT: tensor<128xi32> [64, 0,
func.func @expert_choice_4() -> tensor<128xi32> {
  %ids = arith.constant dense<0> : tensor<4096x1xi32>
  %slots, %counts = moe.assign %ids
    {experts = 128, capacity = #moe.capacity<kind = factor, factor = 2.0, round = ceil, multiple = 4>, priority = #moe.priority<token_major>}
    : tensor<4096x1xi32> -> tensor<4096x1xi32>, tensor<128xi32>
  return %counts : tensor<128xi32>
}
