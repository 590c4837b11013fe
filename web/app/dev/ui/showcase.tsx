'use client'
/* Texts stand in the code here, against the rule: developers read them, and they are data to try layouts with. */
import { Inbox, Mic, MoreHorizontal, Pencil, Plus, Radio, Trash2, Video } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { Avatar } from '../../../ui/avatar.tsx'
import { Badge, LiveDot } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Checkbox } from '../../../ui/checkbox.tsx'
import { Combobox, MultiCombobox } from '../../../ui/combobox.tsx'
import { CopyButton } from '../../../ui/copy-button.tsx'
import { DateTimeField } from '../../../ui/date-time-field.tsx'
import { ConfirmDialog, Dialog } from '../../../ui/dialog.tsx'
import { EmptyState } from '../../../ui/empty-state.tsx'
import { ErrorPanel } from '../../../ui/error-panel.tsx'
import { ErrorSummary } from '../../../ui/error-summary.tsx'
import { Field } from '../../../ui/field.tsx'
import { IconButton } from '../../../ui/icon-button.tsx'
import { Input, PasswordInput, SearchInput, Textarea } from '../../../ui/input.tsx'
import { cx } from '../../../ui/lib/cx.ts'
import { Menu, MenuChoice, MenuItem, MenuSeparator } from '../../../ui/menu.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { PageHeader, Section } from '../../../ui/page-header.tsx'
import { Progress } from '../../../ui/progress.tsx'
import { RadioGroup } from '../../../ui/radio-group.tsx'
import { Select } from '../../../ui/select.tsx'
import { Sheet } from '../../../ui/sheet.tsx'
import { Skeleton, SkeletonRows } from '../../../ui/skeleton.tsx'
import { Switch } from '../../../ui/switch.tsx'
import { Table } from '../../../ui/table.tsx'
import { Tabs } from '../../../ui/tabs.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { Tooltip } from '../../../ui/tooltip.tsx'

const LONG = 'Uỷ ban nhân dân xã Phượng Tiến – Hội trường tầng 2'
const halls = ['Phượng Tiến', 'Định Hoá', 'Đồng Hỷ', 'Võ Nhai', 'Phú Bình', 'Chợ Mới', 'Ba Bể'].map(
  (name, i) => ({
    value: `h${i}`,
    label: i === 0 ? LONG : `Hội trường xã ${name}`,
    detail: `Uỷ ban nhân dân xã ${name}`,
  }),
)
const swatches = [
  ['canvas', 'bg-canvas'],
  ['surface', 'bg-surface'],
  ['sunken', 'bg-sunken'],
  ['raised', 'bg-raised'],
  ['accent', 'bg-accent'],
  ['live', 'bg-live'],
  ['danger', 'bg-danger'],
  ['warn', 'bg-warn'],
  ['ok', 'bg-ok'],
] as const

/** The page itself; one theme per half, so that both are compared at a glance. */
export function Showcase() {
  return (
    <main className="grid 2xl:grid-cols-2">
      <div data-theme="light" className="bg-canvas p-6">
        <Parts />
      </div>
      <div data-theme="dark" className="bg-canvas p-6">
        <Parts />
      </div>
    </main>
  )
}

const Row = ({ children }: { children: ReactNode }) => (
  <div className="flex flex-wrap items-center gap-3">{children}</div>
)

function Parts() {
  return (
    <div className="mx-auto max-w-4xl">
      <PageHeader
        title={`Hội nghị giao ban tháng 11 với ${LONG}`}
        back={{ href: '/', label: 'Cuộc họp' }}
        badge={
          <Badge tone="live" icon={<LiveDot />}>
            Đang họp
          </Badge>
        }
        actions={
          <Button variant="primary" size="lg">
            Vào họp
          </Button>
        }
      >
        Hôm nay 14:00 – 16:00
      </PageHeader>
      <Section title="Colours">
        <Row>
          {swatches.map(([name, colour]) => (
            <div key={name} className="text-sm">
              <div className={cx('h-12 w-20 rounded-md border', colour)} />
              {name}
            </div>
          ))}
        </Row>
      </Section>
      <Buttons />
      <Controls />
      <Overlays />
      <States />
    </div>
  )
}

function Buttons() {
  return (
    <Section title="Buttons">
      <div className="flex flex-col gap-3">
        <Row>
          <Button variant="primary">Primary</Button>
          <Button>Secondary</Button>
          <Button variant="quiet">Quiet</Button>
          <Button variant="plain">Plain</Button>
          <Button variant="danger">Danger</Button>
          <Button variant="danger-quiet">Danger quiet</Button>
        </Row>
        <Row>
          <Button variant="primary" icon={<Plus />}>
            With icon
          </Button>
          <Button variant="primary" pending>
            Đang lưu…
          </Button>
          <Button disabled>Disabled</Button>
          <Button size="sm">Small</Button>
          <Button size="lg">Large</Button>
          <CopyButton text="x">Sao chép</CopyButton>
        </Row>
        <Row>
          <IconButton label="Sửa" icon={<Pencil />} />
          <IconButton label="Mic" icon={<Mic />} pressed />
          <IconButton label="Xoá" icon={<Trash2 />} tone="danger" />
          <IconButton label="Camera" icon={<Video />} size="lg" />
          <Tooltip content="Một lời giải thích ngắn">
            <Button variant="quiet">Tooltip</Button>
          </Tooltip>
        </Row>
        <Row>
          <Badge>Đã lên lịch</Badge>
          <Badge tone="accent">Mới</Badge>
          <Badge tone="live" icon={<LiveDot />}>
            Đang ghi
          </Badge>
          <Badge tone="ok" icon={<Radio />}>
            Có mặt
          </Badge>
          <Badge tone="warn">Vào muộn</Badge>
          <Badge tone="danger">Vắng</Badge>
          <Avatar name="Nguyễn Thị Hồng Ánh" size="sm" />
          <Avatar name="Trần Văn Đức" />
          <Avatar name="Lê An" size="lg" />
        </Row>
      </div>
    </Section>
  )
}

function Controls() {
  const [hall, setHall] = useState<string | null>('h0')
  const [several, setSeveral] = useState<string[]>(['h1', 'h3'])
  const [when, setWhen] = useState({ date: '24/11/2026', time: '14:00' })
  const [query, setQuery] = useState('phượng')
  const [kind, setKind] = useState<'a' | 'b'>('a')
  return (
    <Section title="Controls">
      <div className="grid max-w-xl gap-5">
        <ErrorSummary
          attempt={0}
          faults={[{ fieldId: 'x', message: 'Hãy nhập tên cuộc họp, ít nhất 3 chữ.' }]}
        />
        <Field label="Tên cuộc họp" help="Ngắn gọn, như ghi trên giấy mời.">
          <Input defaultValue="Giao ban tháng 11" />
        </Field>
        <Field label="Tên cuộc họp" error="Hãy nhập tên cuộc họp, ít nhất 3 chữ.">
          <Input defaultValue="H" />
        </Field>
        <Field label="Mật khẩu">
          <PasswordInput defaultValue="bí mật" />
        </Field>
        <Field label="Chương trình" optional>
          <Textarea defaultValue={'1. Khai mạc\n2. Báo cáo'} />
        </Field>
        <Field label="Vai trò">
          <Select
            options={[
              { value: 'a', label: 'Chủ toạ' },
              { value: 'b', label: 'Thư ký' },
            ]}
          />
        </Field>
        <Field label="Hội trường">
          <Combobox options={halls} value={hall} onChange={setHall} clearable />
        </Field>
        <Field label="Các hội trường" help={`${several.length} đã chọn`}>
          <MultiCombobox options={halls} values={several} onChange={setSeveral} placeholder="Gõ để tìm" />
        </Field>
        <Field label="Bắt đầu">
          <DateTimeField value={when} onChange={setWhen} />
        </Field>
        <Field label="Khoá">
          <Input disabled defaultValue="Không sửa được" />
        </Field>
        <SearchInput label="Tìm hội trường" value={query} onValue={setQuery} />
        <RadioGroup
          label="Loại"
          layout="row"
          value={kind}
          onChange={setKind}
          options={[
            { value: 'a', label: 'Họp', help: 'Người được mời' },
            { value: 'b', label: 'Tiếp xúc cử tri', help: 'Người dân xem được' },
          ]}
        />
        <Checkbox label={`Mời ${LONG}`} help="Gửi thư mời ngay" defaultChecked />
        <Switch label="Ghi hình" help="Mọi người được báo trước" defaultChecked />
        <Switch label="Phòng chờ" />
      </div>
    </Section>
  )
}

function Overlays() {
  const toast = useToast()
  const [theme, setTheme] = useState<'light' | 'dark'>('light')
  return (
    <Section title="Overlays">
      <Row>
        <Dialog trigger={<Button>Dialog</Button>} title="Tiêu đề" description="Một lời ngắn." />
        <ConfirmDialog
          trigger={<Button>Confirm</Button>}
          title="Xoá bản ghi này?"
          description="Tệp bị xoá hẳn, không lấy lại được."
          confirmLabel="Xoá bản ghi"
          onConfirm={async () => 'Máy chủ ghi hình không trả lời.'}
        />
        <Sheet trigger={<Button>Sheet</Button>} title="Chi tiết">
          {LONG}
        </Sheet>
        <Menu trigger={<Button icon={<MoreHorizontal />}>Menu</Button>} align="start">
          <MenuItem icon={<Pencil />} onSelect={() => {}}>
            Sửa
          </MenuItem>
          <MenuChoice
            label="Giao diện"
            value={theme}
            onChange={setTheme}
            options={[
              { value: 'light', label: 'Sáng' },
              { value: 'dark', label: 'Tối' },
            ]}
          />
          <MenuSeparator />
          <MenuItem icon={<Trash2 />} danger onSelect={() => {}}>
            Xoá
          </MenuItem>
        </Menu>
        <Button onClick={() => toast({ text: 'Đã lưu cuộc họp.', tone: 'ok' })}>Toast</Button>
        <Button
          onClick={() =>
            toast({ text: 'Mất kết nối.', tone: 'danger', action: { label: 'Thử lại', onPress: () => {} } })
          }
        >
          Toast danger
        </Button>
      </Row>
    </Section>
  )
}

function States() {
  return (
    <Section title="States">
      <div className="flex flex-col gap-5">
        <Tabs
          label="Danh sách"
          tabs={[
            { value: 'a', label: 'Điểm cầu', count: 12, content: <p className="py-4">{LONG}</p> },
            { value: 'b', label: 'Khách mời', content: <p className="py-4">Khách</p> },
          ]}
        />
        <Table
          label="Hội trường"
          rows={halls}
          rowKey={row => row.value}
          pageSize={4}
          initialSort={{ id: 'hall', descending: false }}
          empty={null}
          compact={row => row.label}
          columns={[
            { id: 'hall', head: 'Hội trường', cell: row => row.label, sortBy: row => row.label },
            { id: 'unit', head: 'Đơn vị', cell: row => row.detail, sortBy: row => row.detail, from: 'md' },
            { id: 'do', head: '', align: 'end', cell: () => <Button size="sm">Vào họp</Button> },
          ]}
        />
        <Progress label="Đang dựng bản ghi" percent={42} />
        <Progress label="Đang chờ" percent={null} />
        <Notice title="Cuộc họp này được ghi hình">Mọi người được báo khi vào phòng.</Notice>
        <Notice tone="warn">Hội trường này đã có lịch khác.</Notice>
        <Notice tone="ok">Đã gửi 24 thư mời.</Notice>
        <ErrorPanel title="Không mở được trang này" code="E-42" codeLabel="Mã để báo kỹ thuật:">
          Hãy tải lại trang. Nếu vẫn lỗi, hãy gọi cán bộ kỹ thuật.
        </ErrorPanel>
        <EmptyState
          icon={<Inbox />}
          title="Chưa có cuộc họp nào"
          action={<Button variant="primary">Tạo</Button>}
        >
          Cuộc họp bạn được mời sẽ hiện ở đây.
        </EmptyState>
        <Skeleton className="h-6 w-64" />
        <SkeletonRows rows={2} label="Đang tải" />
      </div>
    </Section>
  )
}
