;; The inner loops over keys and values, with 128-bit SIMD: quantising a block to int8, and back with re-encoding
;; (what reencode.ts does value by value). Assembled into kernels.wasm by `npm run build:kernels`. All counts of values are multiples of 8.
(module
  (import "env" "memory" (memory 1))

  ;; Eight int8 at $at as float32 times eight scales, low four in the result, high four in $upper.
  (func $scaled_low (param $at i32) (param $scales i32) (result v128)
    (f32x4.mul
      (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (i16x8.extend_low_i8x16_s (v128.load64_zero (local.get $at)))))
      (v128.load (local.get $scales))))
  (func $scaled_high (param $at i32) (param $scales i32) (result v128)
    (f32x4.mul
      (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (i16x8.extend_low_i8x16_s (v128.load64_zero (local.get $at)))))
      (v128.load offset=16 (local.get $scales))))

  ;; rows [tokens, width] int8, of which the first $columns, scales and bias [columns] -> out [tokens, columns] float32
  (func $scale_rows (export "scale_rows")
    (param $rows i32) (param $scales i32) (param $bias i32) (param $out i32)
    (param $tokens i32) (param $columns i32) (param $width i32)
    (local $column i32)
    (block $done
      (loop $token
        (br_if $done (i32.eqz (local.get $tokens)))
        (local.set $column (i32.const 0))
        (loop $eight
          (v128.store (local.get $out)
            (f32x4.add
              (call $scaled_low (local.get $rows) (i32.add (local.get $scales) (local.get $column)))
              (v128.load (i32.add (local.get $bias) (local.get $column)))))
          (v128.store offset=16 (local.get $out)
            (f32x4.add
              (call $scaled_high (local.get $rows) (i32.add (local.get $scales) (local.get $column)))
              (v128.load offset=16 (i32.add (local.get $bias) (local.get $column)))))
          (local.set $rows (i32.add (local.get $rows) (i32.const 8)))
          (local.set $out (i32.add (local.get $out) (i32.const 32)))
          (local.set $column (i32.add (local.get $column) (i32.const 32)))
          (br_if $eight (i32.lt_u (local.get $column) (i32.shl (local.get $columns) (i32.const 2)))))
        (local.set $rows (i32.add (local.get $rows) (i32.sub (local.get $width) (local.get $columns))))
        (local.set $tokens (i32.sub (local.get $tokens) (i32.const 1)))
        (br $token))))

  ;; keys [tokens, head_dim] float32, cos and sin [tokens, half]: i rotates with i + half, in place
  (func $rotate_rows (export "rotate_rows")
    (param $keys i32) (param $cos i32) (param $sin i32)
    (param $tokens i32) (param $head_bytes i32) (param $half_bytes i32)
    (local $i i32) (local $low i32) (local $high i32)
    (local $a v128) (local $b v128) (local $c v128) (local $s v128)
    (block $done
      (loop $token
        (br_if $done (i32.eqz (local.get $tokens)))
        (local.set $i (i32.const 0))
        (loop $four
          (local.set $low (i32.add (local.get $keys) (local.get $i)))
          (local.set $high (i32.add (local.get $low) (local.get $half_bytes)))
          (local.set $a (v128.load (local.get $low)))
          (local.set $b (v128.load (local.get $high)))
          (local.set $c (v128.load (i32.add (local.get $cos) (local.get $i))))
          (local.set $s (v128.load (i32.add (local.get $sin) (local.get $i))))
          (v128.store (local.get $low)
            (f32x4.sub (f32x4.mul (local.get $a) (local.get $c)) (f32x4.mul (local.get $b) (local.get $s))))
          (v128.store (local.get $high)
            (f32x4.add (f32x4.mul (local.get $b) (local.get $c)) (f32x4.mul (local.get $a) (local.get $s))))
          (local.set $i (i32.add (local.get $i) (i32.const 16)))
          (br_if $four (i32.lt_u (local.get $i) (local.get $half_bytes))))
        (local.set $keys (i32.add (local.get $keys) (local.get $head_bytes)))
        (local.set $cos (i32.add (local.get $cos) (local.get $half_bytes)))
        (local.set $sin (i32.add (local.get $sin) (local.get $half_bytes)))
        (local.set $tokens (i32.sub (local.get $tokens) (i32.const 1)))
        (br $token))))

  ;; rows [tokens, width] float32 -> peaks [width]: the largest magnitude of every column, NaN where there is one.
  ;; peaks holds zeros before.
  (func $peak_rows (export "peak_rows") (param $rows i32) (param $peaks i32) (param $tokens i32) (param $width i32)
    (local $column i32) (local $at i32)
    (block $done
      (loop $token
        (br_if $done (i32.eqz (local.get $tokens)))
        (local.set $column (i32.const 0))
        (loop $four
          (local.set $at (i32.add (local.get $peaks) (local.get $column)))
          (v128.store (local.get $at)
            (f32x4.max (v128.load (local.get $at)) (f32x4.abs (v128.load (local.get $rows)))))
          (local.set $rows (i32.add (local.get $rows) (i32.const 16)))
          (local.set $column (i32.add (local.get $column) (i32.const 16)))
          (br_if $four (i32.lt_u (local.get $column) (i32.shl (local.get $width) (i32.const 2)))))
        (local.set $tokens (i32.sub (local.get $tokens) (i32.const 1)))
        (br $token))))

  ;; rows [tokens, width] float32 times inverse [width], rounded -> out [tokens, width] int8
  (func $quantize_rows (export "quantize_rows")
    (param $rows i32) (param $inverse i32) (param $out i32) (param $tokens i32) (param $width i32)
    (local $column i32) (local $at i32) (local $words v128)
    (block $done
      (loop $token
        (br_if $done (i32.eqz (local.get $tokens)))
        (local.set $column (i32.const 0))
        (loop $eight
          (local.set $at (i32.add (local.get $inverse) (local.get $column)))
          (local.set $words
            (i16x8.narrow_i32x4_s
              (i32x4.trunc_sat_f32x4_s (f32x4.nearest
                (f32x4.mul (v128.load (local.get $rows)) (v128.load (local.get $at)))))
              (i32x4.trunc_sat_f32x4_s (f32x4.nearest
                (f32x4.mul (v128.load offset=16 (local.get $rows)) (v128.load offset=16 (local.get $at)))))))
          (v128.store64_lane 0 (local.get $out)
            (i8x16.narrow_i16x8_s (local.get $words) (local.get $words)))
          (local.set $rows (i32.add (local.get $rows) (i32.const 32)))
          (local.set $out (i32.add (local.get $out) (i32.const 8)))
          (local.set $column (i32.add (local.get $column) (i32.const 32)))
          (br_if $eight (i32.lt_u (local.get $column) (i32.shl (local.get $width) (i32.const 2)))))
        (local.set $tokens (i32.sub (local.get $tokens) (i32.const 1)))
        (br $token))))
)
