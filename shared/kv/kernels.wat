;; The inner loops over keys and values, with 128-bit SIMD: quantising a block to int8, and back with re-encoding
;; (what reencode.ts does value by value). Assembled into kernels.wasm by `npm run build:kernels`. All counts of values
;; are multiples of 8. Nothing is called in a loop: V8 does not inline WebAssembly functions everywhere.
(module
  (import "env" "memory" (memory 1))

  ;; The first $columns of rows [tokens, width] int8, times scales [columns] -> out [tokens, columns] float32
  (func (export "scale_rows")
    (param $rows i32) (param $scales i32) (param $out i32)
    (param $tokens i32) (param $columns i32) (param $width i32)
    (local $column i32) (local $scale i32) (local $to i32) (local $words v128)
    (block $done
      (loop $token
        (br_if $done (i32.eqz (local.get $tokens)))
        (local.set $column (i32.const 0))
        (loop $eight
          (local.set $words (v128.load8x8_s (i32.add (local.get $rows) (local.get $column))))
          (local.set $scale (i32.add (local.get $scales) (i32.shl (local.get $column) (i32.const 2))))
          (local.set $to (i32.add (local.get $out) (i32.shl (local.get $column) (i32.const 2))))
          (v128.store (local.get $to)
            (f32x4.mul
              (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $words)))
              (v128.load (local.get $scale))))
          (v128.store offset=16 (local.get $to)
            (f32x4.mul
              (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $words)))
              (v128.load offset=16 (local.get $scale))))
          (local.set $column (i32.add (local.get $column) (i32.const 8)))
          (br_if $eight (i32.lt_u (local.get $column) (local.get $columns))))
        (local.set $rows (i32.add (local.get $rows) (local.get $width)))
        (local.set $out (i32.add (local.get $out) (i32.shl (local.get $columns) (i32.const 2))))
        (local.set $tokens (i32.sub (local.get $tokens) (i32.const 1)))
        (br $token))))

  ;; The first $columns of rows [tokens, width] int8, times scales plus bias [columns], rotated by cos and sin
  ;; [tokens, half]: i with i + half; what lies beyond 2 * half is not. -> out [tokens, columns] float32
  (func (export "reencode_rows")
    (param $rows i32) (param $scales i32) (param $bias i32) (param $cos i32) (param $sin i32) (param $out i32)
    (param $tokens i32) (param $half i32) (param $columns i32) (param $width i32)
    (local $column i32) (local $bytes i32) (local $half_bytes i32)
    (local $scale i32) (local $shift i32) (local $to i32)
    (local $low v128) (local $high v128) (local $a v128) (local $b v128) (local $c v128) (local $s v128)
    (local.set $half_bytes (i32.shl (local.get $half) (i32.const 2)))
    (block $done
      (loop $token
        (br_if $done (i32.eqz (local.get $tokens)))
        (local.set $column (i32.const 0))
        (loop $eight
          (local.set $bytes (i32.shl (local.get $column) (i32.const 2)))
          (local.set $low (v128.load8x8_s (i32.add (local.get $rows) (local.get $column))))
          (local.set $high (v128.load8x8_s
            (i32.add (i32.add (local.get $rows) (local.get $column)) (local.get $half))))

          (local.set $scale (i32.add (local.get $scales) (local.get $bytes)))
          (local.set $shift (i32.add (local.get $bias) (local.get $bytes)))
          (local.set $to (i32.add (local.get $out) (local.get $bytes)))
          (local.set $a (f32x4.add (v128.load (local.get $shift))
            (f32x4.mul (v128.load (local.get $scale))
              (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $low))))))
          (local.set $c (v128.load (i32.add (local.get $cos) (local.get $bytes))))
          (local.set $s (v128.load (i32.add (local.get $sin) (local.get $bytes))))
          (local.set $b (f32x4.add (v128.load (i32.add (local.get $shift) (local.get $half_bytes)))
            (f32x4.mul (v128.load (i32.add (local.get $scale) (local.get $half_bytes)))
              (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $high))))))
          (v128.store (local.get $to)
            (f32x4.sub (f32x4.mul (local.get $a) (local.get $c)) (f32x4.mul (local.get $b) (local.get $s))))
          (v128.store (i32.add (local.get $to) (local.get $half_bytes))
            (f32x4.add (f32x4.mul (local.get $b) (local.get $c)) (f32x4.mul (local.get $a) (local.get $s))))

          (local.set $a (f32x4.add (v128.load offset=16 (local.get $shift))
            (f32x4.mul (v128.load offset=16 (local.get $scale))
              (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $low))))))
          (local.set $c (v128.load offset=16 (i32.add (local.get $cos) (local.get $bytes))))
          (local.set $s (v128.load offset=16 (i32.add (local.get $sin) (local.get $bytes))))
          (local.set $b (f32x4.add (v128.load offset=16 (i32.add (local.get $shift) (local.get $half_bytes)))
            (f32x4.mul (v128.load offset=16 (i32.add (local.get $scale) (local.get $half_bytes)))
              (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $high))))))
          (v128.store offset=16 (local.get $to)
            (f32x4.sub (f32x4.mul (local.get $a) (local.get $c)) (f32x4.mul (local.get $b) (local.get $s))))
          (v128.store offset=16 (i32.add (local.get $to) (local.get $half_bytes))
            (f32x4.add (f32x4.mul (local.get $b) (local.get $c)) (f32x4.mul (local.get $a) (local.get $s))))
          (local.set $column (i32.add (local.get $column) (i32.const 8)))
          (br_if $eight (i32.lt_u (local.get $column) (local.get $half))))

        (local.set $column (i32.shl (local.get $half) (i32.const 1)))
        (block $rotated
          (loop $rest
            (br_if $rotated (i32.ge_u (local.get $column) (local.get $columns)))
            (local.set $bytes (i32.shl (local.get $column) (i32.const 2)))
            (local.set $low (v128.load8x8_s (i32.add (local.get $rows) (local.get $column))))
            (local.set $scale (i32.add (local.get $scales) (local.get $bytes)))
            (local.set $shift (i32.add (local.get $bias) (local.get $bytes)))
            (local.set $to (i32.add (local.get $out) (local.get $bytes)))
            (v128.store (local.get $to)
              (f32x4.add (v128.load (local.get $shift))
                (f32x4.mul (v128.load (local.get $scale))
                  (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $low))))))
            (v128.store offset=16 (local.get $to)
              (f32x4.add (v128.load offset=16 (local.get $shift))
                (f32x4.mul (v128.load offset=16 (local.get $scale))
                  (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $low))))))
            (local.set $column (i32.add (local.get $column) (i32.const 8)))
            (br $rest)))

        (local.set $rows (i32.add (local.get $rows) (local.get $width)))
        (local.set $cos (i32.add (local.get $cos) (local.get $half_bytes)))
        (local.set $sin (i32.add (local.get $sin) (local.get $half_bytes)))
        (local.set $out (i32.add (local.get $out) (i32.shl (local.get $columns) (i32.const 2))))
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
