/** Questions and chat as rows of cells, the same for every format. Pure. */
import type { Question } from '@diemcau/core/contracts/floor.ts'
import type { MeetingTalk } from '@diemcau/core/contracts/talk.ts'

export interface TalkRow {
  kind: string
  at: Date
  name: string
  text: string
  state: string
}

export const talkHeader = ['STT', 'Loại', 'Thời gian', 'Người gửi', 'Nội dung', 'Tình trạng']
const kinds = { question: 'Câu hỏi', chat: 'Tin nhắn' }
const states: Record<Question['status'], string> = {
  open: 'Chưa trả lời',
  answered: 'Đã trả lời',
  dismissed: 'Đã bỏ qua',
}
const NAMELESS = 'Không ghi tên'

/** Questions first, then the chat, each in the order in which they came. */
export const talkRows = ({ questions, chat }: MeetingTalk): TalkRow[] => [
  ...questions.map(({ name, text, at, status }) => ({
    kind: kinds.question,
    at: new Date(at),
    name: name || NAMELESS,
    text,
    state: states[status],
  })),
  ...chat.map(({ name, text, at }) => ({
    kind: kinds.chat,
    at: new Date(at),
    name: name || NAMELESS,
    text,
    state: '',
  })),
]
